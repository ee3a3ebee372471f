using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch.Files.Npy;

namespace Nvg;

/// <summary>
/// Builds structure maps from drawings, label images, arrays and photographs: balanced, nested label maps of the first stages. Images may
/// have any size. Drawings and label maps, like photographs, are cropped to their central square (or to the aspect ratio of a non-square
/// grid). The same input always gives the same map.
/// </summary>
public sealed class StructureBuilder
{
    private const string BalanceRemedy = "read as labels (StructureKind.Labels, --structure-kind labels), any label map is balanced";

    // A single split by brightness is hardly visible in an image.
    private const int StagesOfShades = 4;

    private readonly Tokenizer? _tokenizer;

    /// <param name="grid">The latent positions of the model. Without a tokenizer, photographs cannot be read.</param>
    public StructureBuilder(LatentGrid grid) => Grid = grid;

    /// <param name="tokenizer">Tokenizer of the model; borrowed.</param>
    public StructureBuilder(Tokenizer tokenizer) => (Grid, _tokenizer) = (tokenizer.Config.Grid, tokenizer);

    /// <summary>The latent positions.</summary>
    public LatentGrid Grid { get; }

    /// <summary>Reads files as the <c>nvg</c> command does.</summary>
    /// <param name="paths">One file, or for brightness several drawings: each splits the clusters of those before it.</param>
    /// <param name="kind">What the files show. A .npy file read as brightness must contain finished label maps.</param>
    /// <param name="stages">Number of stages, stage 0 included; null to let the input determine it.</param>
    /// <exception cref="NvgDataException">A file is unusable, or its label maps are not a valid hierarchy.</exception>
    /// <exception cref="ArgumentException">The number of stages or drawings is wrong.</exception>
    public StructureMap Read(IReadOnlyList<string> paths, StructureKind kind = StructureKind.Auto, int? stages = null) =>
        Read(paths, kind, stages, out _);

    /// <summary>Same as the other overload, but also reports what a drawing shows.</summary>
    /// <param name="paths">One file, or for brightness several drawings.</param>
    /// <param name="kind">What the files show.</param>
    /// <param name="stages">Number of stages, or null to let the input determine it.</param>
    /// <param name="read">
    /// How a drawing was interpreted (<see cref="KindOf"/>) if the kind is not specified; otherwise the kind itself.
    /// </param>
    internal StructureMap Read(IReadOnlyList<string> paths, StructureKind kind, int? stages, out StructureKind read)
    {
        read = kind;
        return kind switch
        {
            StructureKind.Auto when paths.Count == 1 && !IsArray(paths[0]) => FromDrawing(ImageFile.Read(paths[0]), stages, out read),
            StructureKind.Labels => FromLabels(paths[0], stages),
            StructureKind.Image => FromImage(
                paths[0], stages ?? throw new ArgumentException("the structure of an image needs a number of stages")),
            _ when IsArray(paths[0]) => FromMaps(paths[0], stages),
            _ => FromBrightness([.. paths.Select(path => ImageFile.Read(path))], stages),
        };
    }

    /// <summary>Reads a drawing from a file, as <see cref="FromDrawing(RgbImage, int?)"/> does.</summary>
    /// <param name="path">An image of any size.</param>
    /// <param name="stages">Number of stages, stage 0 included; null to let the drawing determine it.</param>
    /// <exception cref="NvgDataException">The file is missing or unusable.</exception>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromDrawing(string path, int? stages = null) => FromDrawing(ImageFile.Read(path), stages);

    /// <summary>
    /// Reads a drawing according to what it shows (<see cref="KindOf"/>): flat colours become regions, shades are split by brightness.
    /// </summary>
    /// <param name="drawing">An image of any size.</param>
    /// <param name="stages">
    /// Number of stages, stage 0 included; null for the number needed to separate all regions, or four for brightness.
    /// </param>
    /// <remarks>
    /// Content follows flat colours as well: darker parts of the drawing become darker. Shades usually represent depth instead of colour,
    /// so they do not affect content. The other methods use only the layout.
    /// </remarks>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromDrawing(RgbImage drawing, int? stages = null) => FromDrawing(drawing, stages, out _);

    private StructureMap FromDrawing(RgbImage drawing, int? stages, out StructureKind kind)
    {
        kind = KindOf(drawing);
        return kind == StructureKind.Labels
            ? FromLabels(drawing, stages) with { Colours = DrawnColours.Of(drawing, Grid) }
            : FromBrightness([drawing], stages ?? Math.Min(StagesOfShades, Grid.StageCount));
    }

    /// <summary>
    /// Determines what a drawing shows: <see cref="StructureKind.Labels"/> if a few flat colours cover it and at least two of them each
    /// cover most of a position; otherwise <see cref="StructureKind.Brightness"/>, where even thin lines have an effect.
    /// </summary>
    /// <param name="drawing">An image of any size.</param>
    public StructureKind KindOf(RgbImage drawing) =>
        FlatColours.Cover(drawing, Grid) && FromLabels(drawing, stages: 1).Stages[0].Asked.Distinct().Skip(1).Any()
            ? StructureKind.Labels
            : StructureKind.Brightness;

    /// <summary>Keeps the regions of a label map together: each colour of an image, or each number of a .npy array, is a region.</summary>
    /// <param name="path">An image, or a .npy array of rows and columns.</param>
    /// <param name="stages">Number of stages, stage 0 included; null for the number needed to separate all regions.</param>
    /// <exception cref="NvgDataException">The file is missing or unusable.</exception>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromLabels(string path, int? stages = null)
    {
        RequireStages(stages);
        if (!IsArray(path))
            return FromLabels(ImageFile.Read(path), stages);
        int[] labels = NpyArray.ReadLabelMaps(path, out IReadOnlyList<long> shape);
        return shape.Count == 2
            ? FromLabels(labels, (int)shape[1], (int)shape[0], stages)
            : throw NvgDataException.At(path, $"has the shape ({string.Join(", ", shape)})", "a label map has rows and columns");
    }

    /// <summary>Keeps the regions of a label image together: every colour is a region.</summary>
    /// <param name="image">An image of any size. A position belongs to the region that covers most of it.</param>
    /// <param name="stages">Number of stages, stage 0 included; null for the number needed to separate all regions.</param>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromLabels(RgbImage image, int? stages = null) =>
        FromLabels(FlatColours.Numbers(image), image.Width, image.Height, stages);

    /// <summary>Keeps the regions of a label map together: every number is a region.</summary>
    /// <param name="labels">A number for every pixel, row by row.</param>
    /// <param name="width">Columns.</param>
    /// <param name="height">Rows.</param>
    /// <param name="stages">Number of stages, stage 0 included; null for the number needed to separate all regions.</param>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromLabels(int[] labels, int width, int height, int? stages = null)
    {
        RequireStages(stages);
        return new StructureMap(Grid, LabelStructure.Build(labels, width, height, Grid, stages));
    }

    /// <summary>Splits by brightness: the brighter half of the image, by rank, becomes cluster 1 of stage 1, and so on.</summary>
    /// <param name="path">An image, for example a drawing in black and white or a depth map.</param>
    /// <param name="stages">Number of stages, stage 0 included; null for two, which is one split.</param>
    /// <exception cref="NvgDataException">The file is missing or unusable.</exception>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromBrightness(string path, int? stages = null) => FromBrightness([ImageFile.Read(path)], stages);

    /// <summary>
    /// Splits by brightness, averaged over the area of each position: in every cluster the brighter half by rank becomes 2j + 1.
    /// </summary>
    /// <param name="images">
    /// At least one image, of any size. The first determines stage 1, the second stage 2, and so on; the last also determines the remaining
    /// stages, so a single depth map can determine all of them.
    /// </param>
    /// <param name="stages">Number of stages, stage 0 included; null for one more than there are images.</param>
    /// <remarks>
    /// Ties: if equally bright positions do not all fit into the brighter half, those nearest to brighter positions go first, then lower
    /// positions, so a small shape grows into its surroundings. If none is brighter, positions nearest to darker ones stay with the darker
    /// half.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// The model does not have this number of stages, or there are more images than splits.
    /// </exception>
    public StructureMap FromBrightness(IReadOnlyList<RgbImage> images, int? stages = null)
    {
        RequireStages(stages);
        int count = stages ?? Math.Min(images.Count + 1, Grid.StageCount);
        if (images.Count > Math.Max(1, count - 1))
        {
            throw new ArgumentException(
                $"{images.Count} drawings are more than the {count - 1} split{(count == 2 ? "" : "s")} of {count} stages: "
                + "each drawing defines one split, and the last one also defines the remaining splits");
        }

        return new StructureMap(Grid, BrightnessStructure.Build(images, Grid, count));
    }

    /// <summary>Uses label maps that are already balanced and nested.</summary>
    /// <param name="path">A .npy array of L, h × w, M × L, or M × h × w labels.</param>
    /// <param name="stages">Number of stages, or null for the number of maps.</param>
    /// <exception cref="NvgDataException">The file is unusable, or its maps are not a valid hierarchy.</exception>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromMaps(string path, int? stages = null)
    {
        RequireStages(stages);
        int[] labels = NpyArray.ReadLabelMaps(path, out IReadOnlyList<long> shape);
        try
        {
            int maps = labels.Length / Grid.Length;
            return stages is null || labels.Length % Grid.Length != 0 ? FromMaps(labels, shape)
                : stages > maps ? throw new ArgumentException($"holds the maps of {maps} stages, not of {stages}")
                : FromMaps(labels[..(stages.Value * Grid.Length)], [stages.Value, Grid.Length]);
        }
        catch (ArgumentException error)
        {
            throw NvgDataException.At(path, error.Message, BalanceRemedy, error);
        }
    }

    /// <summary>
    /// Uses label maps of consecutive stages that are already balanced and nested. The number of clusters in the first map determines its
    /// stage; coarser stages follow from it, because the parent of cluster j is j / 2.
    /// </summary>
    /// <param name="labels">The maps one after the other, row by row.</param>
    /// <param name="shape">L; h × w; M × L; or M × h × w.</param>
    /// <exception cref="ArgumentException">Shape, numbers, balance or nesting are wrong; the message says where.</exception>
    public StructureMap FromMaps(int[] labels, IReadOnlyList<long> shape)
    {
        var map = new StructureMap(Grid, FinishedStructure.Build(labels, shape, Grid));
        // Checks balance and nesting.
        _ = map.ToSequence();
        return map;
    }

    /// <summary>The structure that the tokenizer finds in a photograph.</summary>
    /// <param name="path">An image; its central square is used.</param>
    /// <param name="stages">Number of stages, stage 0 included.</param>
    /// <param name="strategy">An alternative way to construct structure, or null for the tokenizer's own; borrowed.</param>
    /// <exception cref="NvgDataException">The file is missing or unusable.</exception>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromImage(string path, int stages, IStructureStrategy? strategy = null) =>
        FromImage(SquareImage.Read(path, RequireTokenizer().Config.ImageSize), stages, strategy);

    /// <summary>The structure that the tokenizer finds in a photograph.</summary>
    /// <param name="image">A square of the model's image size.</param>
    /// <param name="stages">Number of stages, stage 0 included.</param>
    /// <param name="strategy">An alternative way to construct structure, or null for the tokenizer's own; borrowed.</param>
    /// <exception cref="ArgumentException">The model does not have this number of stages.</exception>
    public StructureMap FromImage(RgbImage image, int stages, IStructureStrategy? strategy = null)
    {
        RequireStages(stages);
        using ReferenceSequence own = ReferenceSequence.FromImage(RequireTokenizer(), image, strategy);
        PartialSequence kept = own.Keep(KeptPart.Structure, stages);
        int count = kept.StructureStages;
        StructureMap map = FromMaps(kept.AllLabels[..(count * Grid.Length)].ToArray(), [count, Grid.Length]);
        // In an image of one colour, the tokenizer finds only artefacts of its convolutions at the image borders.
        return !HasOneColour(image) ? map
            : map with { Stages = [.. map.Stages.Select((stage, i) => stage with { IsByPosition = i > 0 })] };
    }

    private static bool HasOneColour(RgbImage image) =>
        image.Pixels.AsSpan(RgbImage.Channels).SequenceEqual(image.Pixels.AsSpan(..^RgbImage.Channels));

    private static bool IsArray(string path) => Path.GetExtension(path).Equals(".npy", StringComparison.OrdinalIgnoreCase);

    private Tokenizer RequireTokenizer() =>
        _tokenizer ?? throw new InvalidOperationException("the structure of an image is found by a tokenizer: use NvgModel.Structure");

    private void RequireStages(int? stages)
    {
        if (stages < 1 || stages > Grid.StageCount)
            throw new ArgumentException($"{stages} stages cannot be used: the model has {Grid.StageCount}");
    }
}
