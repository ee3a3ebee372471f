using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Var.Sampling;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification.Var;

/// <summary>Checks zero-shot in-painting, out-painting and class-conditional editing.</summary>
internal static class VarEditVerification
{
    private static readonly Tolerance Canvas = new(1e-5, 1e-5);
    private static readonly Tolerance Logits = new(1e-5, 1e-3);
    private static readonly Tolerance SmoothCanvas = new(0, 5e-3);
    private static readonly Tolerance SmoothFinal = new(0, 5e-2);

    internal static void Run(Fixture fixture)
    {
        foreach (FixtureCase single in FixtureCase.All(fixture))
        {
            using var scope = new TensorScope();
            using VarTransformer transformer = VarFixture.Transformer(single);
            using var codes = new ParameterStore();
            var sampler = new VarSampler(transformer, VarFixture.Quantizer(single, codes));
            foreach (string run in single.Texts("runs"))
                CheckRun(single, single.Part(run), sampler, transformer.Scales);
        }
    }

    private static void CheckRun(FixtureCase single, FixtureCase run, VarSampler sampler, ScaleSequence scales)
    {
        using var scope = new TensorScope();
        CheckMask(run, scales.LatentSide);
        int[] classes = VarFixture.Classes(run);
        using var edit = new TokenEdit(VarFixture.Maps(single, "given_tokens", scales), run.Input("edit_mask"));
        for (int i = 0; i < scales.Count; i++)
            run.Check($"keep_{i}", edit.Keep(i), Tolerance.Exact);
        bool isSmooth = run.Flag("more_smooth");
        var options = new VarSamplingOptions
        {
            Guidance = VarSamplingOptions.OfPublishedScale(run.Number("cfg")),
            TopK = run.Integer("top_k"),
            TopP = StageSchedule.Constant(run.Number("top_p") is > 0 and var p ? p : 1),
            Smooth = isSmooth,
        };
        using TokenNoise noise = TokenNoise.FromNumbers(
            scales, Tensor.Full([classes.Length, scales.Length], 0.5, device: run.Device), i => -single.Input($"noise_{i}").Log());
        using SampledMaps sampled = sampler.Sample(classes, noise, options, edit, result => Observe(run, result, scales, isSmooth));
        run.CheckIfStored("f_hat_final", sampled.Canvas_BCHW, isSmooth ? SmoothFinal : Canvas);
    }

    private static void Observe(FixtureCase run, ScaleResult result, ScaleSequence scales, bool isSmooth)
    {
        using var scope = new TensorScope();
        run.CheckIfStored($"tokens_{result.Scale}", result.Tokens_BT, Tolerance.Exact);
        run.CheckIfStored($"f_hat_{result.Scale}", result.Canvas_BCHW, isSmooth ? SmoothCanvas : Canvas);
        if (result.Scale == scales.Last)
            run.CheckIfStored("logits_last", result.Logits_BTV, Logits);
    }

    // Boxes are stored with their masks: for image 0 and, with a second box, for image 1.
    private static void CheckMask(FixtureCase run, int side)
    {
        Tensor stored = run.Input("edit_mask");
        bool isInside = run.Flag("inpainting");
        Tensor[] masks = stored.Rank == 2 ? [stored] : [.. Enumerable.Range(0, (int)stored.Size(0)).Select(b => stored.Select(0, b))];
        for (int b = 0; b < masks.Length; b++)
        {
            IReadOnlyList<double> box = run.Numbers(masks.Length > 1 && b == 1 ? "second_box" : "box_y0_x0_y1_x1");
            Tensor expected = KeptBox.Mask(new KeptBox(box[0], box[1], box[2], box[3]), side, isInside);
            run.CheckPart($"edit_mask (image {b})", masks[b], expected, Tolerance.Exact);
        }
    }
}
