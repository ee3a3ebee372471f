using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Nvg.Configuration;
using Nvg.Methods;
using Nvg.Torch;

namespace Nvg.Evaluation.SampleSets;

/// <summary>
/// Everything that determines the images of a sample file, and the part of the run that it holds. Image p of the run has the
/// class p mod C of the list, so every part of the file holds all classes equally, as metrics over parts of it require.
/// </summary>
public sealed record SampleSettings
{
    /// <summary>The format that this version writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Distance between the seeds of consecutive classes, and therefore the maximum number of images per class.</summary>
    public const int MostPerClass = 1_000_000;

    /// <summary>Version of the settings.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of the model's weights.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Class indices, each once.</summary>
    public required IReadOnlyList<int> Classes { get; init; }

    /// <summary>Number of images per class.</summary>
    public required int PerClass { get; init; }

    /// <summary>Seed of the first image of class 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Sampling settings, of the type of the model's method.</summary>
    [JsonConverter(typeof(SamplingSettingsConverter))]
    public required ISamplingSettings Sampling { get; init; }

    /// <summary>Precision of the generator's matrices.</summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Type of device; another type rounds differently.</summary>
    public DeviceType Device { get; init; } = DeviceType.Cpu;

    /// <summary>Images per batch, counted from image 0 of the run; another batch size may round differently.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Side of the images in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Index of the first image of this file in the run.</summary>
    public int First { get; init; }

    /// <summary>Number of images in this file.</summary>
    public int Count { get; init; }

    /// <summary>Number of images in the run.</summary>
    public int Total => Classes.Count * PerClass;

    /// <summary>The settings of a file with all images of the run.</summary>
    public SampleSettings ToWhole() => this with { First = 0, Count = Total };

    /// <summary>The settings of one shard, which holds whole batches.</summary>
    /// <param name="shard">Index of the shard, from 0.</param>
    /// <param name="shards">Number of shards.</param>
    /// <returns>The settings; the count is 0 if there are more shards than batches.</returns>
    public SampleSettings Part(int shard, int shards)
    {
        long batches = (Total + Batch - 1L) / Batch;
        int From(long number) => (int)Math.Min(Total, number * batches / shards * Batch);
        return this with { First = From(shard), Count = From(shard + 1L) - From(shard) };
    }

    /// <summary>Class index of an image.</summary>
    /// <param name="index">Index of the image in the run.</param>
    internal int ClassOf(int index) => Classes[index % Classes.Count];

    /// <summary>Class and seed of an image.</summary>
    /// <param name="index">Its index in the run.</param>
    public ClassSeed Image(int index)
    {
        int number = ClassOf(index);
        return new ClassSeed(number, unchecked(Seed + (ulong)MostPerClass * (ulong)number + (ulong)(index / Classes.Count)));
    }

    /// <summary>A readable description of how two runs differ, or null if they belong together.</summary>
    /// <param name="other">The other run.</param>
    /// <param name="withPart">Whether they must also be the same part of the run.</param>
    internal string? DifferenceFrom(SampleSettings other, bool withPart)
    {
        JsonObject mine = Json(withPart ? this : ToWhole()), theirs = Json(withPart ? other : other.ToWhole());
        string[] different = [.. mine.Where(pair => !JsonNode.DeepEquals(pair.Value, theirs[pair.Key])).Select(pair => pair.Key)];
        // If the runs differ, a difference between their parts is not worth mentioning.
        if (different.FirstOrDefault() is not (null or "first" or "count"))
            different = [.. different.Where(key => key is not ("first" or "count"))];
        return different.Length == 0
            ? null : string.Join(", ", different.Select(key => $"{key} {Short(theirs[key])} instead of {Short(mine[key])}"));
    }

    /// <summary>The settings as JSON.</summary>
    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, NvgJson.Options);

    /// <summary>Reads the output of <see cref="ToBytes"/>.</summary>
    /// <exception cref="NvgDataException">The text is not valid output of that method.</exception>
    internal static SampleSettings Parse(ReadOnlySpan<byte> text, string where)
    {
        try
        {
            SampleSettings settings = JsonSerializer.Deserialize<SampleSettings>(text, NvgJson.Options)
                ?? throw NvgDataException.At(where, "has empty settings", "draw the samples again");
            return settings.IsValid() ? settings : throw NvgDataException.At(where, "has invalid settings", "draw the samples again");
        }
        catch (JsonException error)
        {
            throw NvgDataException.At(where, $"has unreadable settings: {JsonProblem.Describe(error)}", innerException: error);
        }
    }

    private bool IsValid() =>
        Format == CurrentFormat && ImageSize > 0 && Batch > 0 && PerClass is > 0 and <= MostPerClass
        && Classes.Count > 0 && Classes.Distinct().Count() == Classes.Count && (long)Classes.Count * PerClass <= int.MaxValue
        && First >= 0 && Count > 0 && (long)First + Count <= Total;

    private static JsonObject Json(SampleSettings settings) => JsonSerializer.SerializeToNode(settings, NvgJson.Options)!.AsObject();

    private static string Short(JsonNode? value)
    {
        const int most = 60;
        string text = value?.ToJsonString() ?? "nothing";
        return text.Length > most ? $"{text[..most]}…" : text;
    }
}
