using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification.Var;

/// <summary>Builds the models of VAR's fixtures from their settings.</summary>
internal static class VarFixture
{
    private const string Tokens = "vq.", OfTransformer = "param.";

    /// <summary>Creates the transformer of a case.</summary>
    internal static VarTransformer Transformer(FixtureCase fixture)
    {
        fixture.Require("attn_l2_norm", "True");
        fixture.Require("norm_eps", 1e-6);
        int heads = fixture.Integer("num_heads");
        var transformer = new VarTransformer(
            new VarTransformerConfig
            {
                Scales = fixture.Integers("patch_nums"),
                LatentChannels = fixture.Integer("Cvae"),
                CodebookSize = fixture.Integer("vocab_size"),
                ClassCount = fixture.Integer("num_classes"),
                Depth = fixture.Integer("depth"),
                HeadCount = heads,
                HeadSize = fixture.Integer("embed_dim") / heads,
                MlpRatio = (int)fixture.Number("mlp_ratio"),
                SharedModulation = fixture.Flag("shared_aln"),
            },
            fixture.Parameters(OfTransformer));
        CheckTables(fixture, transformer);
        fixture.CheckParameters(OfTransformer, transformer.Parameters);
        return transformer;
    }

    /// <summary>Creates the quantizer for the transformer of a case; its tensors are added to the caller's store.</summary>
    internal static ScaleQuantizer Quantizer(FixtureCase fixture, ParameterStore parameters)
    {
        fixture.Require("share_quant_resi", 4);
        var config = new VarTokenizerConfig
        {
            BaseChannels = 1,
            NormGroups = 1,
            ChannelMultipliers = [1],
            LatentChannels = fixture.Integer("Cvae"),
            CodebookSize = fixture.Integer("vocab_size"),
            Scales = fixture.Integers("patch_nums"),
            RefinerShare = fixture.Number("quant_resi"),
        };
        var quantizer = new ScaleQuantizer(new ParameterPath(parameters, fixture.Parameters(Tokens)) / "quantize", config);
        fixture.CheckParameters(Tokens, parameters);
        return quantizer;
    }

    /// <summary>Reads stored token maps.</summary>
    /// <param name="fixture">The case.</param>
    /// <param name="name">Prefix of the scale number.</param>
    /// <param name="scales">The scales.</param>
    internal static TokenMaps Maps(FixtureCase fixture, string name, ScaleSequence scales) =>
        new(scales, [.. Enumerable.Range(0, scales.Count).Select(i => fixture.Input($"{name}_{i}"))]);

    /// <summary>Classes of the images of a case.</summary>
    internal static int[] Classes(FixtureCase fixture) =>
        [.. fixture.Input("class_label").To(Device.Cpu).ToArray<long>().Select(c => checked((int)c))];

    // Fixed tables stored in the published files; this build computes those that it needs.
    private static void CheckTables(FixtureCase fixture, VarTransformer transformer)
    {
        using var scope = new TensorScope();
        fixture.Check("param.lvl_1L", transformer.ScaleOfToken().Unsqueeze(0), Tolerance.Exact);
        fixture.CheckIfStored("param.attn_bias_for_masking", transformer.AttentionMask().Unsqueeze(0), Tolerance.Exact);
        for (int b = 0; b < transformer.Config.Depth; b++)
        {
            Tensor zeros = Tensor.Zeros([transformer.Config.Width], device: fixture.Device);
            fixture.CheckIfStored($"param.blocks.{b}.attn.zero_k_bias", zeros, Tolerance.Exact);
        }
    }
}
