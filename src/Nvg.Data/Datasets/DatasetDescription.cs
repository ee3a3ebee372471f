using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Nvg.Data.Sources;

namespace Nvg.Data.Datasets;

/// <summary>
/// What <c>dataset.json</c> says of a packed data set. Nothing in it depends on the machine, the time or the number of
/// threads: the same images give the same file.
/// </summary>
public sealed record DatasetDescription
{
    /// <summary>The version that is written and read.</summary>
    public const int CurrentFormat = 1;

    /// <summary>At most this many skipped files are named; the rest is only counted.</summary>
    public const int MostNamedSkips = 1000;

    /// <summary>The name of the file in the folder of a data set.</summary>
    internal const string FileName = "dataset.json";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerOptions.Strict)
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The version of the format.</summary>
    public required int Format { get; init; }

    /// <summary>The side of the squares that a model is trained on.</summary>
    public required int Size { get; init; }

    /// <summary>The side of the squares that are stored.</summary>
    public required int StoredSize { get; init; }

    /// <summary>What the shorter side of an image was resized to.</summary>
    public required int ShorterSide { get; init; }

    /// <summary>Whether image files are stored as they came, in place of pixels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Encoded { get; init; }

    /// <summary>The number of images.</summary>
    public required int Count { get; init; }

    /// <summary>The classes; a label is a place in this list, which is sorted by code unit.</summary>
    public required IReadOnlyList<DatasetClass> Classes { get; init; }

    /// <summary>The name of the folder or archive that was packed.</summary>
    public required string Source { get; init; }

    /// <summary>The folder inside the source to which it was limited, or null.</summary>
    public required string? Subset { get; init; }

    /// <summary>How many files were left out.</summary>
    public required int SkippedCount { get; init; }

    /// <summary>The first <see cref="MostNamedSkips"/> of them.</summary>
    public required IReadOnlyList<SkippedFile> Skipped { get; init; }

    /// <summary>SHA-256 of the file of pixels or of image files, in lower-case hexadecimal.</summary>
    public required string PixelsSha256 { get; init; }

    /// <summary>SHA-256 of the label file, in lower-case hexadecimal.</summary>
    public required string LabelsSha256 { get; init; }

    /// <summary>
    /// One text for the whole content (pixels, labels, class names, sizes): a run that is resumed compares it to know
    /// that it goes on with the same data.
    /// </summary>
    internal string Fingerprint()
    {
        string[] parts = [PixelsSha256, LabelsSha256, $"{Size} {StoredSize}{(Encoded ? " encoded" : "")}", .. Classes.Select(c => c.Name)];
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
    }

    internal byte[] ToJson() => [.. JsonSerializer.SerializeToUtf8Bytes(this, Json), (byte)'\n'];

    /// <exception cref="NvgDataException">The file is missing, or does not hold what it should.</exception>
    internal static DatasetDescription Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path))
            throw NvgDataException.At(folder, $"holds no {FileName}, so it is no packed data set", "make one with nvg prepare");
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
            throw NvgDataException.At(path, $"has format {Format} where this version reads {CurrentFormat}", "prepare the data again");
        bool sound = Size >= 1 && StoredSize >= Size && StoredSize <= PackedDataset.LargestSide && Count >= 1
            && Classes.Count >= 1 && Classes.All(c => c.Count >= 0) && Classes.Sum(c => (long)c.Count) == Count;
        if (!sound)
            throw NvgDataException.At(path, "sizes or counts contradict each other", "prepare the data again");
    }
}
