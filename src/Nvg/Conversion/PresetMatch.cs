using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Tokenizers;

namespace Nvg.Conversion;

/// <summary>Compares sizes with those of the published models.</summary>
internal static class PresetMatch
{
    /// <summary>The preset with exactly these sizes, or null.</summary>
    internal static ModelConfig? Find(TokenizerConfig tokenizer, GeneratorConfig? generator) =>
        Presets.All.FirstOrDefault(preset => !Differences(tokenizer, generator, preset).Any());

    /// <summary>Differences from the sizes of a preset, such as <c>depth is 2, not 16</c>.</summary>
    internal static IEnumerable<string> Differences(TokenizerConfig tokenizer, GeneratorConfig? generator, ModelConfig preset) =>
    [
        .. Differences(tokenizer, preset.Tokenizer),
        .. (generator, preset.Generator) switch
        {
            (null, null) => [],
            (null, _) => ["there is no generator"],
            (_, null) => ["there is a generator"],
            var (actual, published) => Differences(actual, published),
        },
    ];

    /// <summary>Differences of settings from published ones.</summary>
    internal static IEnumerable<string> Differences<T>(T actual, T published)
    {
        JsonObject a = Properties(actual), b = Properties(published);
        return b.Where(p => !JsonNode.DeepEquals(a[p.Key], p.Value)).Select(p => $"{p.Key} is {Text(a[p.Key])}, not {Text(p.Value)}");
    }

    private static string Text(JsonNode? value) => value?.ToJsonString() ?? "null";

    private static JsonObject Properties<T>(T value) => JsonSerializer.SerializeToNode(value, NvgJson.Options)!.AsObject();
}
