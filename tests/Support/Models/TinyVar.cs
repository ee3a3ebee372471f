using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Var;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Testing;

/// <summary>VAR models small enough to compute in milliseconds.</summary>
internal static class TinyVar
{
    public static VarTokenizerConfig TokenizerSizes { get; } = new()
    {
        BaseChannels = 8,
        ChannelMultipliers = [1, 2],
        ResNetBlocks = 1,
        LatentChannels = 4,
        CodebookSize = 16,
        NormGroups = 4,
        Scales = [1, 2, 3, 4],
    };

    public static VarTransformerConfig TransformerSizes { get; } = new()
    {
        Scales = TokenizerSizes.Scales,
        LatentChannels = 4,
        CodebookSize = 16,
        ClassCount = 3,
        Depth = 2,
        HeadSize = 32,
    };

    public static VarModelConfig Sizes { get; } = new() { Name = "tiny-var", Tokenizer = TokenizerSizes, Transformer = TransformerSizes };

    public static string[] Labels { get; } = ["ship, boat", "n02084071\tdog", "cat"];

    /// <summary>A tokenizer with random weights. Its codes are far enough apart that rounding does not change which is nearest.</summary>
    public static VarTokenizer Tokenizer(ulong seed = 1)
    {
        var tokenizer = new VarTokenizer(TokenizerSizes, ParameterSource.Random(seed));
        tokenizer.Quantizer.Codebook.MultiplyInPlace(TokenizerSizes.CodebookSize);
        return tokenizer;
    }

    /// <summary>
    /// A transformer with random weights large enough that classes and tokens have an effect, unlike initial training weights.
    /// </summary>
    public static VarTransformer Transformer(ulong seed = 2, VarTransformerConfig? sizes = null)
    {
        var transformer = new VarTransformer(sizes ?? TransformerSizes, ParameterSource.Random(seed));
        using GradMode noGrad = Autograd.NoGrad();
        foreach ((string name, Tensor tensor) in transformer.Parameters.Where(p => !p.Key.Contains("scale_mul", StringComparison.Ordinal)))
            tensor.MultiplyInPlace(name.StartsWith("head.", StringComparison.Ordinal) ? 200 : 4);
        return transformer;
    }

    /// <summary>Writes a model folder.</summary>
    public static void Save(string folder, ScalarType? type = ScalarType.Float32)
    {
        using VarTokenizer tokenizer = Tokenizer();
        using VarTransformer transformer = Transformer();
        VarModel.Save(folder, Sizes, tokenizer.Parameters, transformer.Parameters, Labels, type);
    }
}
