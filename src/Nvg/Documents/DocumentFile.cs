using System.Text.Json;
using Nvg.Conditioning;
using Nvg.Configuration;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Files;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Documents;

/// <summary>Reads and writes documents; <see cref="ImageDocument"/> describes the format.</summary>
internal static class DocumentFile
{
    private const string MetadataKey = "nvg.image", FormerMetadataKey = "nvg.picture", ChecksumKey = "nvg.sha256";
    private const string ImageName = "image", FormerImageName = "picture", StructureName = "structure", ContentName = "content";
    private const string GivenPrefix = "given.", RegionName = "region", SurroundingsName = "surroundings";
    private const string DamageRemedy = "take it from where it came from again";
    private const int MostPositions = 1 << 16, LongestSide = 1 << 14, LargestBatch = 1 << 12;

    /// <summary>Writes a document, completely or not at all.</summary>
    internal static void Write(string path, ImageDocument document) => AtomicFile.Write(path, stream => Write(stream, document));

    /// <summary>Writes a document to a stream.</summary>
    internal static void Write(Stream stream, ImageDocument document)
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = Tensors(document);
        string description = NvgJson.Write(document.Description);
        SafetensorsFile.Write(stream, tensors, new Dictionary<string, string>
        {
            [MetadataKey] = description,
            [ChecksumKey] = DocumentChecksum.Of(description, tensors),
        });
    }

    /// <summary>Reads a document.</summary>
    /// <exception cref="NvgDataException">It is missing, not a document, damaged, or contradicts itself.</exception>
    internal static ImageDocument Read(string path) => Read(path, () => SafetensorsFile.Open(path));

    /// <summary>Reads a document that is in memory.</summary>
    /// <exception cref="NvgDataException">It is not a document, damaged, or contradicts itself.</exception>
    internal static ImageDocument Read(byte[] bytes, string name) => Read(name, () => SafetensorsFile.Parse(bytes, name));

    private static ImageDocument Read(string path, Func<SafetensorsFile> open)
    {
        try
        {
            using SafetensorsFile file = open();
            return Read(path, file, Description(path, file));
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw FileFailure.Unreadable(path, error);
        }
        catch (SafetensorsException error)
        {
            throw error.Message.StartsWith(path, StringComparison.Ordinal)
                ? new NvgDataException(error.Message, error)
                : NvgDataException.At(path, error.Message, innerException: error);
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

    private static Dictionary<string, Tensor> Tensors(ImageDocument document)
    {
        LatentGrid grid = document.Sequence.Grid;
        Tensor Values(ReadOnlySpan<int> values) => Tensor.From(values, grid.StageCount, grid.Length);
        var tensors = new Dictionary<string, Tensor>
        {
            [ImageName] = Pixels(document.Image),
            [StructureName] = Values(document.Sequence.AllLabels),
            [ContentName] = Values(document.Sequence.AllTokens),
        };
        if (!document.Given.IsEmpty)
        {
            tensors.Add(GivenPrefix + StructureName, Values(document.Given.AllLabels));
            tensors.Add(GivenPrefix + ContentName, Values(document.Given.AllTokens));
        }

        if (document.Surroundings is { } kept)
        {
            tensors.Add(RegionName, Tensor.From([.. kept.Region.Inside.Select(inside => inside ? (byte)1 : (byte)0)], grid.Length));
            tensors.Add(SurroundingsName, Pixels(kept.Image));
        }

        return tensors;
    }

    // Format and checksum, which determine whether the rest can be trusted.
    private static ImageDescription Description(string path, SafetensorsFile file)
    {
        if (!file.Metadata.TryGetValue(MetadataKey, out string? text) && !file.Metadata.TryGetValue(FormerMetadataKey, out text))
            throw NvgDataException.At(path, "is not a generated image", "nvg generate --save DIR writes them");
        ImageDescription description = JsonSerializer.Deserialize<ImageDescription>(text, NvgJson.Options)
            ?? throw NvgDataException.At(path, "describes no image");
        // Checked first, because a later format may use a different checksum.
        if (description.Format is < 1 or > ImageDescription.CurrentFormat)
            throw NvgDataException.At(path, $"has the format {description.Format}, this build reads 1 to {ImageDescription.CurrentFormat}");
        bool isChecked = file.Metadata.TryGetValue(ChecksumKey, out string? checksum);
        if (isChecked && checksum != DocumentChecksum.Of(text, file))
        {
            throw NvgDataException.At(
                path, "is damaged: what it holds does not have the checksum that was stored with it", DamageRemedy);
        }

        return isChecked || description.Format < ImageDescription.FirstCheckedFormat
            ? description
            : throw NvgDataException.At(path, "is damaged: its checksum is missing", DamageRemedy);
    }

    private static ImageDocument Read(string path, SafetensorsFile file, ImageDescription description)
    {
        LatentGrid grid = Grid(path, description);
        int[] Values(string name) => Integers(path, file, name, grid);
        var sequence = new PartialSequence(grid, Values(StructureName), Values(ContentName));
        if (!sequence.IsComplete)
            throw NvgDataException.At(path, "its sequence has gaps");
        PartialSequence given = file.ContainsKey(GivenPrefix + StructureName)
            ? new PartialSequence(grid, Values(GivenPrefix + StructureName), Values(GivenPrefix + ContentName), description.Border)
            : PartialSequence.Empty(grid).With(description.Border);
        sequence.CheckTokens(description.CodebookSize);
        given.CheckTokens(description.CodebookSize);
        if (!given.WithFallback(sequence).SequenceEqual(sequence))
            throw NvgDataException.At(path, "its sequence contradicts its given parts");
        RgbImage image = Pixels(path, file, description.Format < ImageDescription.FirstImageFormat ? FormerImageName : ImageName);
        return new ImageDocument(description, image, sequence, given, Surroundings(path, file, grid, image));
    }

    private static LatentGrid Grid(string path, ImageDescription description)
    {
        (int height, int width) = (description.LatentHeight, description.LatentWidth);
        if (height is < 1 or > MostPositions || width is < 1 or > MostPositions || (long)height * width > MostPositions)
            throw NvgDataException.At(path, $"claims a latent of {height} × {width}");
        if (description.Dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Int8)
            || description.Batch is < 1 or > LargestBatch || description.Interpolation is { Share: not (>= 0 and <= 1) })
            throw NvgDataException.At(path, "invalid precision, batch size or interpolation share");
        var grid = new LatentGrid(height, width);
        return description.Sampling.Validate(grid.LastStage).FirstOrDefault() is { } problem
            ? throw NvgDataException.At(path, problem)
            : grid;
    }

    private static KeptSurroundings? Surroundings(string path, SafetensorsFile file, LatentGrid grid, RgbImage image)
    {
        if (!file.ContainsKey(RegionName))
            return null;
        RgbImage kept = Pixels(path, file, SurroundingsName);
        return (kept.Width, kept.Height) == (image.Width, image.Height)
            ? new KeptSurroundings(Region(path, file, grid), kept)
            : throw NvgDataException.At(path, "its surroundings and its image have different sizes");
    }

    private static RegionMask Region(string path, SafetensorsFile file, LatentGrid grid)
    {
        Tensor tensor = file[RegionName];
        return tensor.ScalarType == ScalarType.UInt8 && tensor.Shape.SequenceEqual([grid.Length])
            ? RegionMask.FromPositions(grid, [.. tensor.ToArray<byte>().Select(inside => inside != 0)])
            : throw NvgDataException.At(path, $"'{RegionName}' must be UInt8[{grid.Length}], it is {tensor}");
    }

    private static int[] Integers(string path, SafetensorsFile file, string name, LatentGrid grid)
    {
        Tensor tensor = file[name];
        return tensor.ScalarType == ScalarType.Int32 && tensor.Shape.SequenceEqual([grid.StageCount, grid.Length])
            ? tensor.ToArray<int>()
            : throw NvgDataException.At(path, $"'{name}' must be Int32[{grid.StageCount}, {grid.Length}], it is {tensor}");
    }

    private static Tensor Pixels(RgbImage image) => Tensor.From(image.Pixels, image.Height, image.Width, RgbImage.Channels);

    private static RgbImage Pixels(string path, SafetensorsFile file, string name)
    {
        Tensor tensor = file[name];
        bool IsSide(int dimension) => tensor.Size(dimension) is > 0 and <= LongestSide;
        return tensor is { ScalarType: ScalarType.UInt8, Rank: 3 } && tensor.Size(2) == RgbImage.Channels && IsSide(0) && IsSide(1)
            ? new RgbImage((int)tensor.Size(1), (int)tensor.Size(0), tensor.ToArray<byte>())
            : throw NvgDataException.At(path, $"'{name}' must be rows × columns × 3 of UInt8, it is {tensor}");
    }
}
