using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Generators;
using Nvg.Tokenizers;

namespace Nvg.Checkpoints;

/// <summary>Sizes of the published models (specification, sections 3, 5 and 10): all share one tokenizer and differ in depth.</summary>
/// <param name="Name">Short name.</param>
/// <param name="Generator">Sizes of its generators.</param>
public sealed record PublishedModel(string Name, GeneratorConfig Generator)
{
    /// <summary>The tokenizer of all published models: 256² pictures, 16 × 16 latent, 4096 codes of 32.</summary>
    public static TokenizerConfig Tokenizer { get; } = new()
    {
        ImageSize = 256,
        BaseChannels = 128,
        ChannelMultipliers = [1, 2, 4, 4, 4],
        LatentChannels = 32,
        CodebookSize = 4096,
    };

    /// <summary>d12 (of the paper's ablations), d16, d20 and d24.</summary>
    public static IReadOnlyList<PublishedModel> All { get; } = [.. new[] { 12, 16, 20, 24 }.Select(depth => new PublishedModel($"d{depth}", new GeneratorConfig
    {
        LatentHeight = 16,
        LatentWidth = 16,
        LatentChannels = 32,
        CodebookSize = 4096,
        ClassCount = 1000,
        Depth = depth,
    }))];

    /// <summary>The model of a name, or null.</summary>
    public static PublishedModel? Find(string name) => All.FirstOrDefault(m => m.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    /// <summary>The published model that has these sizes, or null.</summary>
    public static PublishedModel? WithSizes(TokenizerConfig tokenizer, GeneratorConfig? generator) =>
        All.FirstOrDefault(m => !m.DifferencesFrom(tokenizer, generator).Any());

    /// <summary>Where sizes differ from this model's, as <c>depth is 2, not 16</c>.</summary>
    /// <param name="tokenizer">Sizes of a tokenizer.</param>
    /// <param name="generator">Sizes of generators; without them this model is another one.</param>
    public IEnumerable<string> DifferencesFrom(TokenizerConfig tokenizer, GeneratorConfig? generator) =>
        [.. Differences(tokenizer, Tokenizer), .. generator is null ? ["there is no generator"] : Differences(generator, Generator)];

    private static IEnumerable<string> Differences<T>(T actual, T published)
    {
        JsonObject a = Properties(actual), b = Properties(published);
        return b.Where(p => !JsonNode.DeepEquals(a[p.Key], p.Value)).Select(p => $"{p.Key} is {a[p.Key]?.ToJsonString()}, not {p.Value?.ToJsonString()}");
    }

    private static JsonObject Properties<T>(T value) => JsonSerializer.SerializeToNode(value, NvgJson.Options)!.AsObject();
}
