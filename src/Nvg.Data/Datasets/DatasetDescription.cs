using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Nvg.Data.Sources;

namespace Nvg.Data.Datasets;

/// <summary>
/// The content of <c>dataset.json</c> in a packed data set. It does not depend on machine, time or number of threads: the same
/// images give the same file.
/// </summary>
public sealed record DatasetDescription
{
    /// <summary>The format version that this build reads and writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Maximum number of skipped files that are named; the rest are only counted.</summary>
    public const int MostNamedSkips = 1000;

    /// <summary>Name of the file in the folder of a data set.</summary>
    internal const string FileName = "dataset.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The version of the format.</summary>
    public required int Format { get; init; }

    /// <summary>Side of the training images, in pixels.</summary>
    public required int Size { get; init; }

    /// <summary>Side of the stored images, in pixels.</summary>
    public required int StoredSize { get; init; }

    /// <summary>The length to which the shorter side of an image was resized, in pixels.</summary>
    public required int ShorterSide { get; init; }

    /// <summary>Whether the original image files are stored instead of pixels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Encoded { get; init; }

    /// <summary>The number of images.</summary>
    public required int Count { get; init; }

    /// <summary>The classes, sorted by code unit. A label is an index into this list.</summary>
    public required IReadOnlyList<DatasetClass> Classes { get; init; }

    /// <summary>Name of the packed folder or archive.</summary>
    public required string Source { get; init; }

    /// <summary>The folder inside the source that was packed, or null for all of it.</summary>
    public required string? Subset { get; init; }

    /// <summary>Number of skipped files.</summary>
    public required int SkippedCount { get; init; }

    /// <summary>The first <see cref="MostNamedSkips"/> skipped files.</summary>
    public required IReadOnlyList<SkippedFile> Skipped { get; init; }

    /// <summary>SHA-256 of the pixel or image file data, in lower-case hexadecimal.</summary>
    public required string PixelsSha256 { get; init; }

    /// <summary>SHA-256 of the label file, in lower-case hexadecimal.</summary>
    public required string LabelsSha256 { get; init; }

    /// <summary>
    /// Identifies the whole content (pixels, labels, class names, sizes). A resumed run compares it to ensure that the data is the same.
    /// </summary>
    internal string Fingerprint()
    {
        string[] parts = [PixelsSha256, LabelsSha256, $"{Size} {StoredSize}{(Encoded ? " encoded" : "")}", .. Classes.Select(c => c.Name)];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
    }

    internal byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n'];

    /// <exception cref="NvgDataException">The file is missing or invalid.</exception>
    internal static DatasetDescription Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw NvgDataException.At(folder, $"contains no {FileName}, so it is not a prepared data set", "make one with nvg prepare");
        try
        {
            DatasetDescription read = JsonSerializer.Deserialize<DatasetDescription>(File.ReadAllBytes(path), Json)
                ?? throw NvgDataException.At(path, "is empty");
            read.Validate(path);
            return read;
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, e.Message.ReplaceLineEndings(" "), "prepare the data again", e);
        }
    }

    private void Validate(string path)
    {
        if (Format != CurrentFormat)
            throw NvgDataException.At(path, $"has format {Format}; this version reads {CurrentFormat}", "prepare the data again");
        bool sound = Size >= 1 && StoredSize >= Size && StoredSize <= PackedDataset.LargestSide && Count >= 1
            && Classes.Count >= 1 && Classes.All(c => c.Count >= 0) && Classes.Sum(c => (long)c.Count) == Count;
        if (!sound)
            throw NvgDataException.At(path, "sizes or counts contradict each other", "prepare the data again");
    }
}
