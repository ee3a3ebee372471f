using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Var.Sampling;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification.Var;

/// <summary>Checks VAR's whole sampling loop with its cache: most likely tokens, drawn tokens, and smooth mixtures.</summary>
internal static class VarGenerateVerification
{
    private static readonly Tolerance Canvas = new(1e-5, 1e-5);
    private static readonly Tolerance Logits = new(1e-5, 1e-3);
    private static readonly Tolerance Mixture = new(0, 5e-4);
    // Errors grow from scale to scale if codes are mixed.
    private static readonly Tolerance SmoothCanvas = new(0, 5e-3);
    private static readonly Tolerance SmoothFinal = new(0, 5e-2);

    internal static void Run(Fixture fixture)
    {
        foreach (FixtureCase single in FixtureCase.All(fixture))
        {
            using var scope = new TensorScope();
            using VarTransformer transformer = VarFixture.Transformer(single);
            using var codes = new ParameterStore();
            ScaleQuantizer quantizer = VarFixture.Quantizer(single, codes);
            var runs = new Runs(single, transformer, quantizer);
            runs.MostLikely();
            runs.Drawn();
            runs.Smooth();
        }
    }

    /// <summary>The three runs of a case, with the same classes and guidance.</summary>
    private sealed class Runs(FixtureCase fixture, VarTransformer transformer, ScaleQuantizer quantizer)
    {
        private readonly ScaleSequence _scales = transformer.Scales;
        private readonly int[] _classes = VarFixture.Classes(fixture);
        private readonly StageSchedule _guidance = VarSamplingOptions.OfPublishedScale(fixture.Number("cfg"));

        private VarSamplingOptions Filtered => new()
        {
            Guidance = _guidance,
            TopK = fixture.Integer("sampled_top_k"),
            // The reference disables top-p with 0.
            TopP = StageSchedule.Constant(fixture.Number("sampled_top_p") is > 0 and var p ? p : 1),
        };

        internal void MostLikely()
        {
            var options = new VarSamplingOptions { Guidance = _guidance, TopK = 1, TopP = StageSchedule.Constant(1) };
            using TokenNoise noise = Noise(_ => 0.5);
            Sample(noise, options, result =>
            {
                int i = result.Scale;
                fixture.Check($"tokens_{i}", result.Tokens_BT, Tolerance.Exact);
                fixture.Check($"logits_{i}", result.Logits_BTV, Logits);
                fixture.Check($"f_hat_{i}", result.Canvas_BCHW, Canvas);
                if (result.Input_BTC is { } input)
                    fixture.Check($"input_{i}", input, Canvas);
            }).Dispose();
        }

        internal void Drawn()
        {
            Tensor uniform_BL = Tensor.Cat([.. Enumerable.Range(0, _scales.Count).Select(i => fixture.Input($"uniform_{i}"))], 1);
            using TokenNoise noise = TokenNoise.FromNumbers(_scales, uniform_BL, _ => throw new InvalidOperationException());
            using SampledMaps sampled = Sample(
                noise, Filtered, result => fixture.Check($"sampled_tokens_{result.Scale}", result.Tokens_BT, Tolerance.Exact));
            fixture.Check("sampled_f_hat", sampled.Canvas_BCHW, Canvas);
        }

        internal void Smooth()
        {
            using TokenNoise noise = Noise(_ => 0.5);
            using SampledMaps sampled = Sample(noise, Filtered with { Smooth = true }, result =>
                fixture.CheckIfStored($"smooth_f_hat_{result.Scale}", result.Canvas_BCHW, SmoothCanvas));
            fixture.Check("smooth_f_hat", sampled.Canvas_BCHW, SmoothFinal);
            for (int i = 0; i < _scales.Count; i++)
            {
                using var scope = new TensorScope();
                Tensor mixed = SmoothCodes.MixFiltered(fixture.Expected($"logits_{i}"), Filtered.TopK, Filtered.TopP.At(i, _scales.Last),
                    Gumbel(i), _scales.Position(i), quantizer.Codebook);
                fixture.CheckIfStored($"mixed_{i}", mixed, Mixture);
            }
        }

        private SampledMaps Sample(TokenNoise noise, VarSamplingOptions options, Action<ScaleResult> observer) =>
            new VarSampler(transformer, quantizer).Sample(_classes, noise, options, observer: result =>
            {
                using var scope = new TensorScope();
                observer(result);
            });

        private TokenNoise Noise(Func<int, double> uniform) => TokenNoise.FromNumbers(
            _scales, Tensor.Full([_classes.Length, _scales.Length], uniform(0), device: fixture.Device), Gumbel);

        private Tensor Gumbel(int scale) => -fixture.Input($"noise_{scale}").Log();
    }
}
