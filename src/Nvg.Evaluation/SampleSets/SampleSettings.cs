using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Evaluation.SampleSets;

/// <summary>
/// Everything that decides the images of a sample file, and which part of them it holds. Image p of the whole is the
/// class number p mod C of the list, so every stretch of the file holds all classes alike, as figures over parts of it need.
/// </summary>
public sealed record SampleSettings
{
    /// <summary>The layout that this build writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Seeds of neighbouring classes lie this far apart; so many images of a class have seeds of their own.</summary>
    public const int MostPerClass = 1_000_000;

    /// <summary>Layout of the settings.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of its weights.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Numbers of the classes, each once.</summary>
    public required IReadOnlyList<int> Classes { get; init; }

    /// <summary>Images of each class.</summary>
    public required int PerClass { get; init; }

    /// <summary>Seed of the first image of class 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>How sequences are drawn.</summary>
    public required SamplingOptions Sampling { get; init; }

    /// <summary>Precision of the generators' matrices.</summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Kind of device; another rounds differently.</summary>
    public DeviceType Device { get; init; } = DeviceType.Cpu;

    /// <summary>Images computed together, counted from image 0 of the whole; another number may round differently.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Side of the images.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Image of the whole that this file begins with.</summary>
    public int First { get; init; }

    /// <summary>Images in this file.</summary>
    public int Count { get; init; }

    /// <summary>Images of the whole.</summary>
    public int Total => Classes.Count * PerClass;

    /// <summary>The same for all images.</summary>
    public SampleSettings ToWhole() => this with { First = 0, Count = Total };

    /// <summary>The part of one of several runs: whole batches, as many for each as comes out.</summary>
    /// <param name="shard">Number of the run, from 0.</param>
    /// <param name="shards">How many there are.</param>
    /// <returns>The part; its count is 0 where there are more runs than batches.</returns>
    public SampleSettings Part(int shard, int shards)
    {
        long batches = (Total + Batch - 1L) / Batch;
        int From(long number) => (int)Math.Min(Total, number * batches / shards * Batch);
        return this with { First = From(shard), Count = From(shard + 1L) - From(shard) };
    }

    /// <summary>Number of the class of an image.</summary>
    /// <param name="index">Its number in the whole.</param>
    internal int ClassOf(int index) => Classes[index % Classes.Count];

    /// <summary>Class and seed of an image.</summary>
    /// <param name="index">Its number in the whole.</param>
    public ImageRequest Image(int index)
    {
        int number = ClassOf(index);
        return new ImageRequest(number, unchecked(Seed + (ulong)MostPerClass * (ulong)number + (ulong)(index / Classes.Count)));
    }

    /// <summary>What two runs differ in, for people; null where they can be one.</summary>
    /// <param name="other">The other run.</param>
    /// <param name="withPart">Whether they must also be the same part of the whole.</param>
    internal string? DifferenceFrom(SampleSettings other, bool withPart)
    {
        JsonObject mine = Json(withPart ? this : ToWhole()), theirs = Json(withPart ? other : other.ToWhole());
        string[] different = [.. mine.Where(pair => !JsonNode.DeepEquals(pair.Value, theirs[pair.Key])).Select(pair => pair.Key)];
        // Another whole has other parts as well, which says nothing.
        if (different.FirstOrDefault() is not (null or "first" or "count"))
            different = [.. different.Where(key => key is not ("first" or "count"))];
        return different.Length == 0 ? null : string.Join(", ", different.Select(key => $"{key} {Short(theirs[key])} instead of {Short(mine[key])}"));
    }

    /// <summary>The settings as text.</summary>
    internal byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(this, NvgJson.Options);

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="NvgDataException">The text is not that.</exception>
    internal static SampleSettings Parse(ReadOnlySpan<byte> text, string where)
    {
        try
        {
            SampleSettings settings = JsonSerializer.Deserialize<SampleSettings>(text, NvgJson.Options) ?? throw new NvgDataException($"{where} holds null");
            return settings.IsPossible() ? settings : throw NvgDataException.At(where, "holds impossible settings", "make the samples again");
        }
        catch (JsonException error)
        {
            throw NvgDataException.At(where, $"holds no settings of samples: {JsonProblem.Describe(error)}", innerException: error);
        }
    }

    private bool IsPossible() =>
        Format == CurrentFormat && ImageSize > 0 && Batch > 0 && PerClass is > 0 and <= MostPerClass && Classes.Count > 0 && Classes.Distinct().Count() == Classes.Count
        && (long)Classes.Count * PerClass <= int.MaxValue && First >= 0 && Count > 0 && (long)First + Count <= Total;

    private static JsonObject Json(SampleSettings settings) => JsonSerializer.SerializeToNode(settings, NvgJson.Options)!.AsObject();

    private static string Short(JsonNode? value)
    {
        const int most = 60;
        string text = value?.ToJsonString() ?? "nothing";
        return text.Length > most ? $"{text[..most]}…" : text;
    }
}
