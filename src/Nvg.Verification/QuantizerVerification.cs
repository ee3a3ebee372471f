using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>Checks residual quantization: canvases, tokens, and the training pass with all gradients, with and without warm-up.</summary>
internal static class QuantizerVerification
{
    private static readonly Tolerance Canvas = new(1e-5, 1e-5);
    private static readonly Tolerance Gradient = new(1e-4, 1e-6);

    internal static void Run(Fixture fixture)
    {
        fixture.Require("share_quant_resi", "0");
        TokenizerConfig config = Config(fixture);
        using var parameters = new ParameterStore();
        var quantizer = new Quantizer(new ParameterPath(parameters, fixture.Parameters("param.")), config);
        fixture.CheckParameters("param.", parameters);
        Tensor structure_BSL = StructureConstruction.Build(Positions.FromMap(fixture.Input("f"))).To(fixture.Device);
        CheckSequence(fixture, config.Grid, quantizer, structure_BSL);
        Fixture.RequireGradients(parameters);
        CheckTraining(fixture, "fwd", config.Grid, quantizer, parameters, structure_BSL, warmUp: false);
        CheckTraining(fixture, "warm", config.Grid, quantizer, parameters, structure_BSL,
            warmUp: fixture.Integer("warm_epoch") < fixture.Integer("smooth_end_epoch"));
    }

    /// <summary>A configuration with the fixture's latent size; the rest of the tokenizer is not used.</summary>
    internal static TokenizerConfig ConfigOf(LatentGrid grid, int codebookSize, int channels, double refinerWeight,
        double commitmentWeight) => new()
        {
            ImageSize = grid.Height,
            BaseChannels = 1,
            NormGroups = 1,
            ChannelMultipliers = [1],
            LatentChannels = channels,
            CodebookSize = codebookSize,
            RefinerWeight = refinerWeight,
            CommitmentWeight = commitmentWeight,
        };

    private static TokenizerConfig Config(Fixture fixture)
    {
        using Tensor latent_BCHW = fixture.Input("f");
        LatentGrid grid = FixtureGrid.Square(latent_BCHW.Size(2) * latent_BCHW.Size(3));
        TokenizerConfig config =
            ConfigOf(grid, fixture.Integer("n_e"), fixture.Integer("e_dim"), fixture.Number("quant_resi"), fixture.Number("beta"));
        if (!fixture.Integers("v_patch_nums").SequenceEqual(Enumerable.Range(0, grid.StageCount).Select(LatentGrid.ClusterCount)))
            throw new InvalidDataException(
                $"metadata 'v_patch_nums' {fixture.Text("v_patch_nums")} do not match the cluster counts of {grid.StageCount} stages");
        return config;
    }

    private static void CheckSequence(Fixture fixture, LatentGrid grid, Quantizer quantizer, Tensor structure_BSL)
    {
        using var scope = new TensorScope();
        using GradMode noGrad = Autograd.NoGrad();
        using GranularitySequence sequence = quantizer.Quantize(Positions.FromMap(fixture.Input("f")), structure_BSL);
        Tensor canvases_BSLC = quantizer.Canvases(sequence);
        int stages = grid.StageCount;
        long channels = canvases_BSLC.Size(3);
        Tensor input_BSLX = fixture.Expected("nvg_input");
        Tensor tokens_BSL = Tensor.Stack([.. Enumerable.Range(0, stages).Select(i => TokenMap(sequence, i))], 1);
        fixture.CheckPart("nvg_input (canvases)", input_BSLX.Narrow(3, 0, channels), canvases_BSLC.Narrow(1, 0, stages), Canvas);
        fixture.CheckPart("nvg_input (indices)", input_BSLX.Select(3, channels), tokens_BSL, Tolerance.Exact);
        fixture.CheckPart("nvg_input (labels)", input_BSLX.Select(3, channels + 1), sequence.Structure_BSL, Tolerance.Exact);
        fixture.Check("f_hat_final", canvases_BSLC.Select(1, stages), Canvas);
        Tensor maps = Tensor.Stack([.. Enumerable.Range(1, stages).Select(i => Positions.ToMap(canvases_BSLC.Select(1, i), grid))], 1);
        fixture.Check("f_hats", maps, Canvas);
    }

    private static Tensor TokenMap(GranularitySequence sequence, int stage)
    {
        using var scope = new TensorScope();
        using var clusters = new ClusterMean(sequence.StructureMap(stage), LatentGrid.ClusterCount(stage));
        return scope.Keep(clusters.Scatter(sequence.Content[stage].Unsqueeze(-1)).Squeeze(-1));
    }

    private static void CheckTraining(Fixture fixture, string run, LatentGrid grid, Quantizer quantizer, ParameterStore parameters,
        Tensor structure_BSL, bool warmUp)
    {
        using var scope = new TensorScope();
        Tensor latent_BCHW = fixture.DifferentiableInput("f");
        using QuantizedLatent quantized = quantizer.Forward(Positions.FromMap(latent_BCHW), structure_BSL, warmUp);
        Tensor output_BCHW = Positions.ToMap(quantized.Output, grid);
        fixture.Check($"{run}_f_hat", output_BCHW, Canvas);
        fixture.Check($"{run}_loss", quantized.Loss, Canvas);
        for (int i = 0; i < grid.StageCount; i++)
        {
            fixture.Check($"{run}_vq_loss_{i}", quantized.StageLosses[i], Canvas);
            fixture.Check($"{run}_indices_{i}", quantized.Content[i].Reshape(-1), Tolerance.Exact);
        }

        Tensor objective = (output_BCHW * fixture.Input($"{run}_g")).Sum() + quantized.Loss;
        IEnumerable<(string, Tensor)> weights = parameters.TrainableNames.Select(n => ($"{run}_grad_{GradientName(n)}", parameters[n]));
        fixture.CheckGradients(objective, [($"{run}_grad_z", latent_BCHW), .. weights], Gradient);
    }

    // embedding.weight → embedding, quant_resi.3.bias → phi3_bias.
    private static string GradientName(string parameter) => parameter.Split('.') switch
    {
        ["embedding", _] => "embedding",
        ["quant_resi", var stage, var part] => $"phi{stage}_{part}",
        _ => parameter,
    };
}
