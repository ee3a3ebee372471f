using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;
using Nvg.Sampling;

namespace Nvg.Evaluation.Studies;

/// <summary>One way to draw images, as what it changes against a model's settings.</summary>
/// <param name="Name">As tables show it.</param>
/// <param name="Changes">
/// Keys and values. Keys are those of a model's <c>sampling</c> settings, and <c>keep</c> for <see cref="KeptStages"/>;
/// values are JSON, words such as <c>auto</c>, or two numbers such as <c>1-3.5</c> for a setting that changes over the stages.
/// </param>
public sealed record StudyPoint(string Name, IReadOnlyList<KeyValuePair<string, string>> Changes)
{
    /// <summary>The key of what is kept of reference images.</summary>
    public const string KeepKey = "keep";

    private const string TopPKey = "topP";

    /// <summary>What is kept of reference images, or null.</summary>
    /// <exception cref="NvgDataException">The value is unknown.</exception>
    public KeptStages? Kept => Changes.Where(c => c.Key == KeepKey).Select(c => KeptStages.Parse(c.Value)).LastOrDefault();

    /// <summary>The settings.</summary>
    /// <param name="defaults">What is not changed.</param>
    /// <exception cref="NvgDataException">A key or a value is unknown.</exception>
    public SamplingOptions Apply(SamplingOptions defaults)
    {
        JsonObject settings = JsonSerializer.SerializeToNode(defaults, NvgJson.Options)!.AsObject();
        foreach ((string key, string value) in Changes.Where(c => c.Key != KeepKey))
        {
            if (!settings.ContainsKey(key))
                throw new NvgDataException($"'{key}' is no setting: there are {string.Join(", ", settings.Select(s => s.Key))} and {KeepKey}");
            settings[key] = ValueOf(key, value);
        }

        try
        {
            return settings.Deserialize<SamplingOptions>(NvgJson.Options)!;
        }
        catch (JsonException error)
        {
            throw new NvgDataException($"{Name}: {JsonProblem.Describe(error)}", error);
        }
    }

    private static JsonNode? ValueOf(string key, string text)
    {
        int dash = text.Length > 1 ? text.IndexOf('-', 1) : -1;
        if (dash > 0 && Number(text[..dash]) is { } start && Number(text[(dash + 1)..]) is { } end)
            return new JsonObject { [key == TopPKey ? "power" : "linear"] = new JsonArray(start, end) };
        try
        {
            return JsonNode.Parse(text);
        }
        catch (JsonException)
        {
            // Words such as auto; whether the setting knows the word shows when it is read.
            return JsonValue.Create(text);
        }
    }

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
}
