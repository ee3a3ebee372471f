using System.Text.Json;
using Nvg.Conditioning;
using Nvg.Configuration;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Labels;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Documents;

/// <summary>
/// A generated image as one file: the image, its whole sequence, what of it had been given, and how it was made. From it
/// any stage can be shown, edited and continued. The file is safetensors, so other programs read it too:
/// <c>image</c> (H × W × 3, U8), <c>structure</c> and <c>content</c> ((K + 1) × L, I32: label and codebook number that each
/// position uses), <c>given.structure</c> and <c>given.content</c> (the same, −1 where nothing was given; absent where nothing
/// was), <c>region</c> (L, U8) and <c>surroundings</c> (H × W × 3, U8) where only a region was generated anew, and <see cref="ImageDescription"/> as JSON in the metadata under <c>nvg.image</c>,
/// with the SHA-256 of all of it under <c>nvg.sha256</c>.
/// </summary>
/// <param name="Description">How it was made.</param>
/// <param name="Image">The image.</param>
/// <param name="Sequence">Its sequence, complete.</param>
/// <param name="Given">What of the sequence had been given.</param>
/// <param name="Surroundings">The region that was generated anew and the image around it, or null for the whole image.</param>
public sealed record ImageDocument(
    ImageDescription Description, RgbImage Image, PartialSequence Sequence, PartialSequence Given, KeptSurroundings? Surroundings = null)
{
    /// <summary>The ending of file names.</summary>
    public const string Extension = ".nvg";

    private const string MetadataKey = "nvg.image", FormerMetadataKey = "nvg.picture", ChecksumKey = "nvg.sha256", ImageName = "image",
        FormerImageName = "picture", StructureName = "structure", ContentName = "content", GivenPrefix = "given.", RegionName = "region", SurroundingsName = "surroundings";
    private const int MostPositions = 1 << 16, LongestSide = 1 << 14, MostTogether = 1 << 12;

    /// <summary>Describes an image that was generated.</summary>
    /// <param name="model">The model that made it.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <param name="image">The image.</param>
    /// <param name="type">Precision of the generators' matrices.</param>
    public static ImageDocument Of(NvgModel model, string fingerprint, GeneratedImage image, ScalarType type = ScalarType.Float32)
    {
        LatentGrid grid = image.Sequence.Grid;
        PartialSequence given = image.Request.Given ?? PartialSequence.Empty(grid);
        return new ImageDocument(
            new ImageDescription
            {
                Model = model.Config.Name,
                Fingerprint = fingerprint,
                Class = image.Request.Class,
                Label = image.Request.Class < model.Labels.Count ? ClassLabel.Parse(model.Labels[image.Request.Class]).Name : "",
                Seed = image.Request.Seed,
                Interpolation = image.Request.Interpolation,
                Sampling = image.Options,
                Border = given.Border,
                Dtype = type,
                Device = model.Generator.Device.Type,
                Batch = image.Batch,
                LatentHeight = grid.Height,
                LatentWidth = grid.Width,
                CodebookSize = model.Config.Tokenizer.CodebookSize,
            },
            image.Image, image.Sequence, given, image.Request.Surroundings);
    }

    /// <summary>Whether a file is meant to be a document, by its name.</summary>
    public static bool HasDocumentName(string path) => Path.GetExtension(path).Equals(Extension, StringComparison.OrdinalIgnoreCase);

    /// <summary>
    /// The image again, with its first stages kept: the same bytes with the same model and device, in a request with
    /// <see cref="ImageDescription.Batch"/> as <see cref="GenerationRequest.BatchSize"/> and <see cref="GenerationRequest.FillsBatches"/>,
    /// where the images beside it had as much given.
    /// Change class, seed, settings or what is given of the request to make another of it.
    /// </summary>
    /// <param name="structureStages">First stages whose structure is kept.</param>
    /// <param name="contentStages">First stages whose tokens are kept; no more than keep their structure.</param>
    public ImageRequest Continue(int structureStages, int contentStages) => new(Description.Class, Description.Seed)
    {
        Given = Sequence.Keep(structureStages, contentStages).WithFallback(Given).With(Given.Border),
        Surroundings = Surroundings,
        Interpolation = Description.Interpolation,
        Options = Description.Sampling,
    };

    /// <summary>Writes the document, whole or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path)
    {
        using var scope = new TensorScope();
        LatentGrid grid = Sequence.Grid;
        Tensor Values(ReadOnlySpan<int> values) => Tensor.From(values, grid.StageCount, grid.Length);
        var tensors = new Dictionary<string, Tensor>
        {
            [ImageName] = Pixels(Image),
            [StructureName] = Values(Sequence.AllLabels),
            [ContentName] = Values(Sequence.AllTokens),
        };
        if (!Given.IsEmpty)
        {
            tensors.Add(GivenPrefix + StructureName, Values(Given.AllLabels));
            tensors.Add(GivenPrefix + ContentName, Values(Given.AllTokens));
        }

        if (Surroundings is { } kept)
        {
            tensors.Add(RegionName, Tensor.From([.. kept.Region.Inside.Select(inside => inside ? (byte)1 : (byte)0)], grid.Length));
            tensors.Add(SurroundingsName, Pixels(kept.Image));
        }

        string description = NvgJson.Write(Description);
        SafetensorsFile.Write(path, tensors, new Dictionary<string, string> { [MetadataKey] = description, [ChecksumKey] = DocumentChecksum.Of(description, tensors) });
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="NvgDataException">It is missing, no document, damaged, or contradicts itself.</exception>
    public static ImageDocument Read(string path)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            if (!file.Metadata.TryGetValue(MetadataKey, out string? text) && !file.Metadata.TryGetValue(FormerMetadataKey, out text))
                throw NvgDataException.At(path, "is no generated image", "nvg generate --save DIR writes them");
            bool isChecked = file.Metadata.TryGetValue(ChecksumKey, out string? checksum);
            ImageDescription description = JsonSerializer.Deserialize<ImageDescription>(text, NvgJson.Options) ?? throw NvgDataException.At(path, "describes no image");
            // First: a later format may have another checksum.
            if (description.Format is < 1 or > ImageDescription.CurrentFormat)
                throw NvgDataException.At(path, $"has the format {description.Format}, this build reads 1 to {ImageDescription.CurrentFormat}");
            if (isChecked && checksum != DocumentChecksum.Of(text, file))
                throw NvgDataException.At(path, "is damaged: what it holds does not have the checksum that was stored with it", "take it from where it came from again");
            if (!isChecked && description.Format >= ImageDescription.FirstCheckedFormat)
                throw NvgDataException.At(path, "is damaged: its checksum is missing", "take it from where it came from again");
            return Read(path, file, description);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new NvgDataException($"{path} does not exist", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, $"cannot be read: {error.Message}", innerException: error);
        }
        catch (SafetensorsException error)
        {
            throw error.Message.StartsWith(path, StringComparison.Ordinal) ? new NvgDataException(error.Message, error) : NvgDataException.At(path, error.Message, innerException: error);
        }
        catch (JsonException error)
        {
            throw NvgDataException.At(path, $"its description cannot be used: {JsonProblem.Describe(error)}", innerException: error);
        }
        catch (ArgumentException error)
        {
            throw NvgDataException.At(path, error.Message, innerException: error);
        }
    }

    /// <summary>Throws unless a model can continue the document exactly.</summary>
    /// <param name="path">What to call it.</param>
    /// <param name="model">The model.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <exception cref="NvgDataException">It is of another model.</exception>
    public void RequireModel(string path, NvgModel model, string fingerprint)
    {
        if (Description.Fingerprint != fingerprint)
            throw NvgDataException.At(path, $"was made by another model ({Description.Model}, weights {Short(Description.Fingerprint)}) than {model.Folder} (weights {Short(fingerprint)})", "name its model with --model");
        // The fingerprint is text like the rest: sizes that do not fit would be read beyond their ends.
        (int side, LatentGrid grid, int codes) = (model.Config.Tokenizer.ImageSize, model.Tokenizer.Config.Grid, model.Config.Tokenizer.CodebookSize);
        if (Sequence.Grid.Height != grid.Height || Sequence.Grid.Width != grid.Width || Description.CodebookSize != codes || (Image.Width, Image.Height) != (side, side))
            throw NvgDataException.At(path, $"its image, latent and codebook are not those of {model.Folder}");
        int classes = model.Config.Generator?.ClassCount ?? int.MaxValue;
        if (Description.Class < 0 || Description.Class >= classes || Description.Interpolation?.Class is { } towards && (towards < 0 || towards >= classes))
            throw NvgDataException.At(path, $"its class is none of {model.Folder}");
    }

    private static string Short(string fingerprint) => fingerprint.Length > 12 ? fingerprint[..12] : fingerprint;

    private static ImageDocument Read(string path, SafetensorsFile file, ImageDescription description)
    {
        if (description.LatentHeight is < 1 or > MostPositions || description.LatentWidth is < 1 or > MostPositions || (long)description.LatentHeight * description.LatentWidth > MostPositions)
            throw NvgDataException.At(path, $"claims a latent of {description.LatentHeight} × {description.LatentWidth}");
        var grid = new LatentGrid(description.LatentHeight, description.LatentWidth);
        if (description.Dtype is not (ScalarType.Float32 or ScalarType.BFloat16) || description.Batch is < 1 or > MostTogether || description.Interpolation is { Share: not (>= 0 and <= 1) })
            throw NvgDataException.At(path, "its precision, batch or share of a way is none");
        if (description.Sampling.Validate(grid.LastStage).FirstOrDefault() is { } problem)
            throw NvgDataException.At(path, problem);
        var sequence = new PartialSequence(grid, Values(StructureName), Values(ContentName));
        if (!sequence.IsComplete)
            throw NvgDataException.At(path, "its sequence has gaps");
        bool given = file.ContainsKey(GivenPrefix + StructureName);
        PartialSequence givenSequence = given
            ? new PartialSequence(grid, Values(GivenPrefix + StructureName), Values(GivenPrefix + ContentName), description.Border)
            : PartialSequence.Empty(grid).With(description.Border);
        sequence.CheckTokens(description.CodebookSize);
        givenSequence.CheckTokens(description.CodebookSize);
        if (!givenSequence.WithFallback(sequence).SequenceEqual(sequence))
            throw NvgDataException.At(path, "its sequence is not what was given");
        RgbImage image = Pixels(path, file, description.Format < ImageDescription.FirstImageFormat ? FormerImageName : ImageName);
        KeptSurroundings? kept = file.ContainsKey(RegionName) ? new KeptSurroundings(Region(path, file, grid), Pixels(path, file, SurroundingsName)) : null;
        return kept is not null && (kept.Image.Width, kept.Image.Height) != (image.Width, image.Height)
            ? throw NvgDataException.At(path, "its surroundings are of another size than its image")
            : new ImageDocument(description, image, sequence, givenSequence, kept);

        int[] Values(string name)
        {
            Tensor tensor = file[name];
            return tensor.ScalarType == ScalarType.Int32 && tensor.Shape.SequenceEqual([grid.StageCount, grid.Length])
                ? tensor.ToArray<int>()
                : throw NvgDataException.At(path, $"'{name}' must be Int32[{grid.StageCount}, {grid.Length}], it is {tensor}");
        }
    }

    private static RegionMask Region(string path, SafetensorsFile file, LatentGrid grid)
    {
        Tensor tensor = file[RegionName];
        return tensor.ScalarType == ScalarType.UInt8 && tensor.Shape.SequenceEqual([grid.Length])
            ? RegionMask.FromPositions(grid, [.. tensor.ToArray<byte>().Select(inside => inside != 0)])
            : throw NvgDataException.At(path, $"'{RegionName}' must be UInt8[{grid.Length}], it is {tensor}");
    }

    private static Tensor Pixels(RgbImage image) => Tensor.From(image.Pixels, image.Height, image.Width, RgbImage.Channels);

    private static RgbImage Pixels(string path, SafetensorsFile file, string name)
    {
        Tensor tensor = file[name];
        return tensor is { ScalarType: ScalarType.UInt8, Rank: 3 } && tensor.Size(2) == RgbImage.Channels && tensor.Size(0) is > 0 and <= LongestSide && tensor.Size(1) is > 0 and <= LongestSide
            ? new RgbImage((int)tensor.Size(1), (int)tensor.Size(0), tensor.ToArray<byte>())
            : throw NvgDataException.At(path, $"'{name}' must be rows × columns × 3 of UInt8, it is {tensor}");
    }
}
