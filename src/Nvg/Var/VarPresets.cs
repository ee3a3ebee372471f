using Nvg.Var.Sampling;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Var;

/// <summary>Sizes and settings of the published VAR models for 1,000 classes, by name.</summary>
public static class VarPresets
{
    private static readonly VarTokenizerConfig Ch160V4096Z32 = new()
    {
        BaseChannels = 160,
        ChannelMultipliers = [1, 1, 2, 2, 4],
        LatentChannels = 32,
        CodebookSize = 4096,
        Scales = ScaleSequence.Published256.Sides,
    };

    /// <summary>The tokenizer that the published transformers share, without a transformer.</summary>
    public static VarModelConfig Tokenizer { get; } = new() { Name = "vae-ch160v4096z32", Tokenizer = Ch160V4096Z32 };

    /// <summary>310 million parameters.</summary>
    public static VarModelConfig D16 { get; } = OfDepth(16);

    /// <summary>601 million parameters.</summary>
    public static VarModelConfig D20 { get; } = OfDepth(20);

    /// <summary>1,033 million parameters.</summary>
    public static VarModelConfig D24 { get; } = OfDepth(24);

    /// <summary>2,010 million parameters.</summary>
    public static VarModelConfig D30 { get; } = OfDepth(30);

    /// <summary>2,354 million parameters, for 512 × 512 images; its blocks share their modulation.</summary>
    public static VarModelConfig D36 { get; } = OfDepth(36, ScaleSequence.Published512, sharedModulation: true);

    /// <summary>All presets: the tokenizer, then the transformers by size.</summary>
    public static IReadOnlyList<VarModelConfig> All { get; } = [Tokenizer, D16, D20, D24, D30, D36];

    /// <summary>The preset with a name (case-insensitive), or null.</summary>
    public static VarModelConfig? Find(string name) => All.FirstOrDefault(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase));

    private static VarModelConfig OfDepth(int depth, ScaleSequence? scales = null, bool sharedModulation = false)
    {
        VarTokenizerConfig tokenizer = Ch160V4096Z32 with { Scales = (scales ?? ScaleSequence.Published256).Sides };
        return new VarModelConfig
        {
            Name = $"var-d{depth}",
            Tokenizer = tokenizer,
            Transformer = new VarTransformerConfig
            {
                Scales = tokenizer.Scales,
                LatentChannels = tokenizer.LatentChannels,
                CodebookSize = tokenizer.CodebookSize,
                ClassCount = 1000,
                Depth = depth,
                SharedModulation = sharedModulation,
            },
            Sampling = new VarSamplingOptions(),
        };
    }
}
