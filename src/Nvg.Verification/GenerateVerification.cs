using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification;

/// <summary>Checks the whole sampling loop from given noise, per stage.</summary>
internal static class GenerateVerification
{
    private static readonly Tolerance Logits = new(1e-5, 1e-3);
    private static readonly Tolerance Predicted = new(1e-5, 5e-5);
    private static readonly Tolerance Canvas = new(1e-5, 2e-5);

    internal static void Run(Fixture fixture)
    {
        fixture.Require("vq_share_quant_resi", "0");
        GeneratorConfig config = FixtureGenerator.Config(fixture);
        using var generator = new NvgGenerator(config, fixture.Parameters("param."));
        fixture.CheckParameters("param.", generator.Parameters);
        using var codes = new ParameterStore();
        TokenizerConfig tokenizer = QuantizerVerification.ConfigOf(
            config.Grid, fixture.Integer("vq_n_e"), fixture.Integer("vq_e_dim"), fixture.Number("vq_quant_resi"), commitmentWeight: 0);
        var quantizer = new Quantizer(new ParameterPath(codes, fixture.Parameters("vq.")), tokenizer);
        fixture.CheckParameters("vq.", codes);

        int[] classes = [.. fixture.Input("class_label").To(Device.Cpu).ToArray<long>().Select(c => checked((int)c))];
        using ImageNoise noise = ImageNoise.FromStructureNoise(fixture.Input("structure_noise"), config.Grid);
        var observer = new StageObserver(fixture, generator, classes.Length);
        new NvgSampler(generator, quantizer).Sample(classes, noise, Options(fixture), observer: observer.Check).Dispose();
    }

    private static SamplingOptions Options(Fixture fixture)
    {
        int[] topK = [.. fixture.Integers("top_k").Distinct()];
        return new SamplingOptions
        {
            ContentGuidance = Guidance(fixture, "content_cfg", "content_use_cfg"),
            StructureGuidance = Guidance(fixture, "structure_cfg", "structure_use_cfg"),
            TopP = StageSchedule.PerStage(fixture.Numbers("top_p")),
            TopK = topK.Length == 1 ? topK[0] : throw new InvalidDataException(
                $"metadata 'top_k' {fixture.Text("top_k")} differs between stages, which this build does not support"),
            Temperature = fixture.Number("temperature"),
            StructureSteps = fixture.Integer("structure_sampling_step"),
            Gumbel = fixture.Flag("use_gumbel_topk"),
        };
    }

    private static StageSchedule Guidance(Fixture fixture, string tensor, string flag)
    {
        double[] scales = fixture.Input(tensor).To(Device.Cpu, ScalarType.Float64).ToArray<double>();
        return fixture.Flag(flag) ? StageSchedule.PerStage(scales) : StageSchedule.Constant(1);
    }

    /// <summary>Compares each stage when the loop finishes it.</summary>
    private sealed class StageObserver(Fixture fixture, NvgGenerator generator, int count)
    {
        private readonly LatentGrid _grid = generator.Config.Grid;
        private Tensor? _canvas_BLC;

        internal void Check(StageResult result)
        {
            using var scope = new TensorScope();
            int stage = result.Stage;
            using (var clusters = new ClusterMean(result.Labels_BL, LatentGrid.ClusterCount(stage)))
                fixture.Check($"pred_{stage}", clusters.Scatter(result.Tokens_BN.Unsqueeze(-1)).Squeeze(-1), Tolerance.Exact);
            fixture.Check($"logits_{stage}", result.Logits_RNV!, Logits);
            fixture.Check($"x0_hat_{stage}", BothPasses(result), Predicted);
            fixture.Check($"canvas_{stage}", result.Canvas_BLC, Canvas);
            if (stage < _grid.LastStage)
            {
                fixture.Check($"structure_{stage}", result.NextLabels_BL!, Tolerance.Exact);
                fixture.Check($"structure_score_{stage}", result.StructureScores_RL!, Canvas);
            }

            _canvas_BLC?.Dispose();
            _canvas_BLC = stage < _grid.LastStage ? result.Canvas_BLC.Alias().Own() : null;
        }

        // Without guidance, the loop skips the unconditional pass, which the reference always computes.
        private Tensor BothPasses(StageResult result)
        {
            Tensor predicted_NLC = result.Predicted_NLC!;
            if (predicted_NLC.Size(0) == 2 * count)
                return predicted_NLC;
            Tensor canvas_BLC = _canvas_BLC ?? Tensor.ZerosLike(result.Canvas_BLC);
            Tensor structure_BLK = StructureEmbedding.Embed(result.Labels_BL, result.Stage, _grid.LastStage);
            Tensor stage_B = Tensor.Full([count], result.Stage, ScalarType.Int64, fixture.Device);
            Tensor null_B = Tensor.Full([count], generator.Config.NullClass, ScalarType.Int64, fixture.Device);
            return Tensor.Cat([predicted_NLC, generator.Content.PredictFinalCanvas(canvas_BLC, structure_BLK, stage_B, null_B)], 0);
        }
    }
}
