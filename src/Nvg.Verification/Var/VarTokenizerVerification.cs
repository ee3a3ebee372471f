using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Var.Tokenizers;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification.Var;

/// <summary>Checks VAR's tokenizer: encoder, quantization at all scales, decoder, and the training passes with gradients.</summary>
internal static class VarTokenizerVerification
{
    private const int Refiners = 4;
    private static readonly Tolerance Network = new(1e-4, 5e-5);
    private static readonly Tolerance Canvas = new(1e-5, 5e-6);
    private static readonly Tolerance Loss = new(1e-5, 1e-6);
    private static readonly Tolerance QuantizerGradient = new(1e-4, 1e-7);
    private static readonly Tolerance NetworkGradient = new(1e-3, 1e-4);

    internal static void Run(Fixture fixture)
    {
        foreach (int scales in fixture.Numbered("phi_index_"))
        {
            long[] table = [.. RefinerTable.Of(scales, Refiners).Select(k => (long)k)];
            fixture.Check($"phi_index_{scales}", Tensor.From(table, table.Length), Tolerance.Exact);
        }

        foreach (FixtureCase single in FixtureCase.All(fixture))
        {
            using var scope = new TensorScope();
            Check(single);
        }
    }

    private static void Check(FixtureCase fixture)
    {
        fixture.Require("using_znorm", "False");
        fixture.Require("share_quant_resi", Refiners);
        fixture.Require("norm_eps", 1e-6);
        using var tokenizer = new VarTokenizer(Config(fixture), fixture.Parameters("param."));
        fixture.NotCovered("param.quantize.ema_vocab_hit_SV", "a statistic of the original's training, which plays no part");
        fixture.CheckParameters("param.", tokenizer.Parameters);
        CheckImage(fixture, tokenizer);
        CheckQuantizer(fixture, tokenizer.Quantizer);
        Fixture.RequireGradients(tokenizer.Parameters);
        CheckQuantizerTraining(fixture, tokenizer);
        if (fixture.Has("train_g"))
            CheckTraining(fixture, tokenizer);
    }

    private static VarTokenizerConfig Config(FixtureCase fixture) => new()
    {
        BaseChannels = fixture.Integer("base_ch"),
        ChannelMultipliers = fixture.Integers("ch_mult"),
        ResNetBlocks = fixture.Integer("num_res_blocks"),
        LatentChannels = fixture.Integer("z_channels"),
        CodebookSize = fixture.Integer("vocab_size"),
        Scales = fixture.Integers("v_patch_nums"),
        Refiners = Refiners,
        RefinerShare = fixture.Number("quant_resi"),
        CommitmentWeight = fixture.Number("beta"),
        NormGroups = fixture.Integer("norm_groups"),
    };

    private static void CheckImage(FixtureCase fixture, VarTokenizer tokenizer)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor features = tokenizer.Encoder.Forward(fixture.Input("image"));
        fixture.Check("encoder_out", features, Network);
        Tensor latent = tokenizer.LatentOf(features);
        fixture.Check("latent", latent, Network);
        // Uses the stored latent, so that a rounding difference in the encoder does not change a token.
        using TokenMaps tokens = tokenizer.Quantizer.Quantize(fixture.Expected("latent"));
        CheckMaps(fixture, "image_tokens", tokens);
        Tensor canvas = tokenizer.Quantizer.Canvases(tokens).Select(1, tokens.Scales.Last);
        fixture.Check("image_f_hat", canvas, Canvas);
        Tensor decoded = tokenizer.DecodeUnclamped(fixture.Expected("image_f_hat"));
        fixture.Check("decoded", decoded, Network);
        fixture.CheckIfStored("decoded_clamped", decoded.Clamp(-1, 1), Network);
    }

    private static void CheckQuantizer(FixtureCase fixture, ScaleQuantizer quantizer)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor latent = fixture.Input("f");
        using TokenMaps tokens = quantizer.Quantize(latent);
        CheckMaps(fixture, "tokens", tokens);
        fixture.Check("f_hats", quantizer.Canvases(tokens), Canvas);
        fixture.Check("var_input", quantizer.TransformerInput(tokens), Canvas);
        int side = quantizer.Scales.LatentSide;
        for (int i = 0; i < quantizer.Scales.Last; i++)
        {
            int own = quantizer.Scales.Sides[i];
            fixture.CheckIfStored($"area_{i}", Functional.ResizeArea(latent, own, own), Canvas);
            Tensor rows = Nvg.Granularity.Positions.ToMap(quantizer.Rows(tokens.Maps[i]), own, own).Contiguous();
            fixture.CheckIfStored($"up_{i}", Functional.ResizeBicubic(rows, side, side), Canvas);
        }
    }

    private static void CheckMaps(FixtureCase fixture, string name, TokenMaps tokens)
    {
        for (int i = 0; i < tokens.Maps.Count; i++)
            fixture.Check($"{name}_{i}", tokens.Maps[i], Tolerance.Exact);
    }

    private static void CheckQuantizerTraining(FixtureCase fixture, VarTokenizer tokenizer)
    {
        using var scope = new TensorScope();
        Tensor latent = fixture.DifferentiableInput("f");
        using QuantizedLatent quantized = tokenizer.Quantizer.Forward(latent, warmUp: false);
        fixture.Check("fwd_f_hat", quantized.Output, Canvas);
        fixture.Check("fwd_loss", quantized.Loss, Loss);
        for (int i = 0; i < quantized.StageLosses.Count; i++)
            fixture.Check($"fwd_vq_loss_{i}", quantized.StageLosses[i], Loss);
        Tensor objective = (quantized.Output * fixture.Input("fwd_g")).Sum() + quantized.Loss;
        (string, Tensor)[] inputs = [.. fixture.Following("fwd_grad_").Select(
            n => ($"fwd_grad_{n}", n == "z" ? latent : tokenizer.Parameters[ParameterOf(n)]))];
        fixture.CheckGradients(objective, inputs, QuantizerGradient);
    }

    // embedding → quantize.embedding.weight, phi3_bias → quantize.quant_resi.qresi_ls.3.bias.
    private static string ParameterOf(string gradient) => gradient == "embedding"
        ? "quantize.embedding.weight"
        : $"quantize.quant_resi.qresi_ls.{gradient["phi".Length..].Replace('_', '.')}";

    private static void CheckTraining(FixtureCase fixture, VarTokenizer tokenizer)
    {
        using var scope = new TensorScope();
        Tensor image = fixture.DifferentiableInput("image");
        using QuantizedLatent quantized = tokenizer.Quantizer.Forward(tokenizer.Latent(image), warmUp: false);
        Tensor decoded = tokenizer.DecodeUnclamped(quantized.Output);
        fixture.Check("train_decoded", decoded, Network);
        fixture.Check("train_loss", quantized.Loss, Loss);
        Tensor objective = (decoded * fixture.Input("train_g")).Sum() + quantized.Loss;
        fixture.CheckGradients("train_grad.", objective, tokenizer.Parameters, NetworkGradient, keepsGraph: true);
        fixture.CheckGradients(objective, [("train_grad_image", image)], NetworkGradient);
    }
}
