using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Configuration;
using Nvg.Sampling;

namespace Nvg.Evaluation.Studies;

/// <summary>One setting of a study, as changes to a model's sampling settings.</summary>
/// <param name="Name">Name in tables.</param>
/// <param name="Changes">
/// Keys and values. Keys are those of a model's <c>sampling</c> settings, and <c>keep</c> for <see cref="KeptStages"/>;
/// values are JSON, words such as <c>auto</c>, or two numbers such as <c>1-3.5</c> for a setting that varies over the stages.
/// </param>
public sealed record StudyPoint(string Name, IReadOnlyList<KeyValuePair<string, string>> Changes)
{
    /// <summary>The key for stages kept from reference images.</summary>
    public const string KeepKey = "keep";

    private const string TopPKey = "topP";

    /// <summary>The stages kept from reference images, or null.</summary>
    /// <exception cref="NvgDataException">The value is invalid.</exception>
    public KeptStages? Kept => Changes.Where(c => c.Key == KeepKey).Select(c => KeptStages.Parse(c.Value)).LastOrDefault();

    /// <summary>Applies the changes.</summary>
    /// <param name="defaults">The settings to change.</param>
    /// <exception cref="NvgDataException">A key or a value is invalid.</exception>
    public SamplingOptions Apply(SamplingOptions defaults)
    {
        JsonObject settings = JsonSerializer.SerializeToNode(defaults, NvgJson.Options)!.AsObject();
        foreach ((string key, string value) in Changes.Where(c => c.Key != KeepKey))
        {
            if (!settings.ContainsKey(key))
                throw new NvgDataException(UnknownKey(key, settings.Select(s => s.Key).Append(KeepKey)));
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

    private static string UnknownKey(string key, IEnumerable<string> keys)
    {
        string near = string.Join(" or ", NearestNames.Of(key, keys, most: 2));
        return $"unknown setting '{key}'{(near.Length > 0 ? $"; did you mean {near}?" : $"; the settings are {string.Join(", ", keys)}")}";
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
            // Words such as auto; deserialization checks whether the setting accepts them.
            return JsonValue.Create(text);
        }
    }

    private static double? Number(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : null;
}
