using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Tokenizers;

namespace Nvg.Checkpoints;

/// <summary>
/// Sizes and settings of the published models for 256 × 256 images of 1,000 classes, by name (paper, appendix A.4; docs/method.md,
/// section 2).
/// </summary>
public static class Presets
{
    private const int MostSuggestions = 3;

    private static readonly TokenizerConfig F16D32 = new()
    {
        ImageSize = 256,
        BaseChannels = 128,
        ChannelMultipliers = [1, 2, 4, 4, 4],
        LatentChannels = 32,
        CodebookSize = 4096,
    };

    /// <summary>The tokenizer that all published generators share, without a generator.</summary>
    public static ModelConfig VqF16D32 { get; } = new() { Name = "vq-f16-d32", Tokenizer = F16D32 };

    /// <summary>The smallest generators, used in the paper's ablations.</summary>
    public static ModelConfig NvgD12 { get; } = OfDepth(12);

    /// <summary>255 million content and 64 million structure parameters.</summary>
    public static ModelConfig NvgD16 { get; } = OfDepth(16);

    /// <summary>497 million content and 125 million structure parameters.</summary>
    public static ModelConfig NvgD20 { get; } = OfDepth(20);

    /// <summary>856 million content and 215 million structure parameters.</summary>
    public static ModelConfig NvgD24 { get; } = OfDepth(24);

    /// <summary>All presets: the tokenizer, then the generators by size.</summary>
    public static IReadOnlyList<ModelConfig> All { get; } = [VqF16D32, NvgD12, NvgD16, NvgD20, NvgD24];

    /// <summary>
    /// Scale factors of the published tokenizer: one over the standard deviations of the canvases before stages 1 to 8 and of the final
    /// canvas. The first is 1, because stage 0 uses the learned start canvas.
    /// </summary>
    public static IReadOnlyList<double> ScaleFactors { get; } =
        [1, 4.1993, 3.4706, 3.0520, 2.7430, 2.4842, 2.2407, 2.0088, 1.7954, 1.6080];

    /// <summary>Finds a preset by name.</summary>
    /// <param name="name">For example <c>nvg-d16</c>; case-insensitive.</param>
    /// <param name="problem">If the result is null, a one-line explanation of the problem.</param>
    /// <returns>The preset, or null if there is none with that name.</returns>
    public static ModelConfig? Find(string name, out string? problem)
    {
        ModelConfig? found = All.FirstOrDefault(preset => preset.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        IReadOnlyList<string> near = NearestNames.Of(name, All.Select(preset => preset.Name), MostSuggestions);
        problem = found is not null ? null
            : near.Count > 0 ? $"no preset '{name}': did you mean {string.Join(" or ", near)}?"
            : $"no preset '{name}': there are {string.Join(", ", All.Select(preset => preset.Name))}";
        return found;
    }

    private static ModelConfig OfDepth(int depth) => new()
    {
        Name = $"nvg-d{depth}",
        Tokenizer = F16D32,
        Generator = new GeneratorConfig
        {
            LatentHeight = F16D32.Grid.Height,
            LatentWidth = F16D32.Grid.Width,
            LatentChannels = F16D32.LatentChannels,
            CodebookSize = F16D32.CodebookSize,
            ClassCount = 1000,
            Depth = depth,
        },
    };
}
