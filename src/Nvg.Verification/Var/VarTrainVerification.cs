using System.Text.Json;
using System.Text.Json.Serialization;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Var;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;
using Nvg.Verification.Checks;
using Nvg.Verification.Fixtures;

namespace Nvg.Verification.Var;

/// <summary>Checks a teacher-forced training pass of VAR's transformer, which parameters decay, and the schedules of the recipe.</summary>
internal static class VarTrainVerification
{
    private const string SchedulePrefix = "schedule_", StepsEnding = "_steps";
    // The recipe's share of steps after warm-up that use the peak rate.
    private const double HoldShare = 0.05;

    private static readonly Tolerance Input = new(1e-5, 5e-6);
    private static readonly Tolerance Logits = new(0, 5e-5);
    private static readonly Tolerance Loss = new(1e-5, 0);
    private static readonly Tolerance Gradient = new(1e-3, 2e-6);
    private static readonly Tolerance Schedule = new(1e-6, 0);

    internal static void Run(Fixture fixture)
    {
        foreach (FixtureCase single in FixtureCase.All(fixture))
        {
            using var scope = new TensorScope();
            Check(single);
        }

        foreach (string name in fixture.Following(SchedulePrefix).Where(n => n.EndsWith(StepsEnding, StringComparison.Ordinal)).ToList())
            CheckSchedule(fixture, SchedulePrefix + name[..^StepsEnding.Length]);
    }

    private static void Check(FixtureCase fixture)
    {
        using VarTransformer transformer = VarFixture.Transformer(fixture);
        using var codes = new ParameterStore();
        ScaleQuantizer quantizer = VarFixture.Quantizer(fixture, codes);
        using TokenMaps tokens = VarFixture.Maps(fixture, "tokens", transformer.Scales);
        Tensor input_BTC = quantizer.TransformerInput(tokens);
        fixture.Check("var_input", input_BTC, Input);
        CheckDecay(fixture, transformer.Parameters);
        Fixture.RequireGradients(transformer.Parameters);
        Tensor logits_BLV = transformer.Forward(fixture.Input("class_label"), input_BTC, Drop(fixture),
            (block, output) => fixture.CheckIfStored($"block_{block}", output, Logits));
        fixture.Check("logits", logits_BLV, Logits);
        using Tensor target_BL = tokens.Flatten();
        CheckLosses(fixture, transformer, logits_BLV, target_BL);
        Tensor loss = VarLoss.CrossEntropy(logits_BLV, target_BL, 0);
        fixture.Check("loss", loss, Loss);
        if (Fixture.HasGradients)
            fixture.Check("grad_norm", Norm(loss, transformer.Parameters), Loss);
        else
            fixture.NotCovered("grad_norm", Fixture.WithoutGradients);
        fixture.CheckGradients("grad.", loss, transformer.Parameters, Gradient);
    }

    // The random draws of the reference, in order.
    private static DropPath? Drop(FixtureCase fixture)
    {
        double rate = fixture.Number("drop_path_rate");
        if (rate == 0)
            return null;
        IReadOnlyList<double> keepRates = fixture.Numbers("drop_path_keep");
        int next = 0;
        return new DropPath(rate, keepRate =>
        {
            if (next >= keepRates.Count || Math.Abs(keepRates[next] - keepRate) > 1e-6)
                throw new InvalidDataException($"drop path draws a keep rate of {keepRate} as number {next}: drop_path_keep disagrees");
            return fixture.Input($"drop_keep_{next++}").To(ScalarType.Float32);
        });
    }

    private static void CheckLosses(FixtureCase fixture, VarTransformer transformer, Tensor logits_BLV, Tensor target_BL)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var log = new LossLog();
        new VarLoss(transformer).Report(logits_BLV, target_BL, log);
        var terms = log.TakeMeans().ToDictionary();
        foreach ((string term, double value) in terms.Where(t => t.Key.StartsWith("ce_", StringComparison.Ordinal)))
            fixture.Check(term, Tensor.Scalar(value, ScalarType.Float64), Loss);
        fixture.Check("loss_tail", Tensor.Scalar(terms[$"ce_{transformer.Scales.Last}"], ScalarType.Float64), Loss);
        // The reference contains percentages; only their rounding to float32 may differ.
        fixture.Check("acc_mean", Tensor.Scalar(100 * terms["accuracy"]), new Tolerance(1e-6, 0));
        fixture.Check("acc_tail", Tensor.Scalar(100 * terms["accuracy_last"]), new Tolerance(1e-6, 0));
        fixture.Check("loss_smooth", VarLoss.CrossEntropy(logits_BLV, target_BL, fixture.Number("label_smooth")), Loss);
    }

    private static Tensor Norm(Tensor loss, ParameterStore parameters)
    {
        Tensor[] inputs = [.. parameters.TrainableNames.Select(n => parameters[n])];
        Tensor?[] gradients = Autograd.Gradients(loss, inputs, retainGraph: true);
        Tensor[] squares = [.. gradients.OfType<Tensor>().Select(g => g.To(ScalarType.Float64).Square().Sum())];
        return Tensor.Stack(squares, 0).Sum().Sqrt();
    }

    private static void CheckDecay(FixtureCase fixture, ParameterStore parameters)
    {
        var listed = fixture.Texts("no_decay").ToHashSet(StringComparer.Ordinal);
        var kept = parameters.TrainableNames.Where(n => parameters[n].Rank < 2).Concat(VarDecay.NotDecayed(parameters)).ToHashSet();
        if (!kept.SetEquals(listed))
        {
            string differ = string.Join(", ", kept.Except(listed).Concat(listed.Except(kept)).Order());
            throw new InvalidDataException($"the parameters without weight decay differ from no_decay: {differ}");
        }
    }

    private static void CheckSchedule(Fixture fixture, string name)
    {
        ScheduleSettings settings = JsonSerializer.Deserialize<ScheduleSettings>(fixture.Text(name))!;
        var options = new TrainingOptions
        {
            Steps = settings.Steps,
            BatchSize = 1,
            LearningRate = settings.Peak,
            Schedule = settings.Shape == "lin0"
                ? LearningRateShape.WarmupLinear
                : throw new InvalidDataException($"metadata '{name}' names the schedule {settings.Shape}, this build knows lin0"),
            WarmupSteps = settings.WarmupSteps,
            StartFactor = settings.StartFactor,
            FinalFactor = settings.FinalFactor,
            HoldShare = HoldShare,
            WeightDecay = settings.WeightDecay,
            FinalWeightDecay = settings.FinalWeightDecay,
        };
        long[] steps = fixture.Input(name + StepsEnding).To(Device.Cpu).ToArray<long>();
        double[] rates = Array.ConvertAll(steps, options.LearningRateAt), decays = Array.ConvertAll(steps, options.WeightDecayAt);
        fixture.Check($"{name}_lr", Tensor.From(rates, rates.Length), Schedule);
        fixture.Check($"{name}_wd", Tensor.From(decays, decays.Length), Schedule);
    }

    private sealed record ScheduleSettings(
        [property: JsonPropertyName("sche")] string Shape, [property: JsonPropertyName("peak")] double Peak,
        [property: JsonPropertyName("wp_it")] long WarmupSteps, [property: JsonPropertyName("max_it")] long Steps,
        [property: JsonPropertyName("wp0")] double StartFactor, [property: JsonPropertyName("wpe")] double FinalFactor,
        [property: JsonPropertyName("wd")] double WeightDecay, [property: JsonPropertyName("wd_end")] double FinalWeightDecay);
}
