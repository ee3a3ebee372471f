using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tests;

/// <summary>Average velocities against a linear field, dz/dt = a z, whose averages are known in closed form.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class AverageVelocityTests
{
    private const double Rate = 0.8;

    [Fact]
    public void OfHalves_ExactAverages_ReproduceTheAverageOverTheWhole()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        Tensor z = Tensor.Randn([3, 4, 2], random), time = Numbers(1, 0.7, 0.3), step = Numbers(1, 0.5, 0.01);
        Tensor whole = AverageVelocity.OfHalves(Exact, z, time, step);
        AssertClose(Exact(z, time, step), whole, 1e-5);
        // With averages that are wrong, nothing cancels.
        Tensor wrong = AverageVelocity.OfHalves((p, t, s) => Exact(p, t, s) * 1.1, z, time, step);
        Assert.True((wrong - whole).Abs().Max().Item() > 1e-2);
    }

    [Fact]
    public void OfHalves_NoTime_IsTheVelocity()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        Tensor z = Tensor.Randn([3, 4, 2], random), time = Numbers(1, 0.7, 0.3);
        Tensor average = AverageVelocity.OfHalves((p, _, _) => p * Rate, z, time, Numbers(0, 0, 0));
        Assert.Equal((z * Rate).ToArray<float>(), average.ToArray<float>());
    }

    [Fact]
    public void OfSteps_MoreSteps_ApproachTheClosedForm()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor z = Tensor.Randn([3, 4, 2], random);
        // Sequences with different numbers of steps together.
        double[] Line(double start, double end, int steps) =>
            [.. Enumerable.Range(0, steps + 1).Select(i => start + (end - start) * i / steps)];
        double Error(int factor)
        {
            double[][] times = [Line(1, 0, 8 * factor), Line(0.9, 0.4, 4 * factor), Line(0.5, 0.45, factor)];
            Tensor found = AverageVelocity.OfSteps((p, _) => p * Rate, z, times);
            return (found - Exact(z, Numbers(1, 0.9, 0.5), Numbers(1, 0.5, 0.05))).Abs().Max().Item();
        }

        // Euler steps: the error halves with the length of the steps.
        double coarse = Error(1), fine = Error(4);
        Assert.InRange(coarse / fine, 3.3, 4.7);
        Assert.True(fine < 0.02);
    }

    [Fact]
    public void OfSteps_OneStep_IsTheVelocityAtItsStart()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor z = Tensor.Randn([2, 4, 2], random);
        Tensor found = AverageVelocity.OfSteps((p, t) => p * t.Reshape(-1, 1, 1), z, [[0.8, 0.3], [0.02, 0]]);
        AssertClose(z * Numbers(0.8, 0.02).Reshape(-1, 1, 1), found, 1e-5);
    }

    [Fact]
    public void Mask_Stage_LeavesItsKnownChannelsOut()
    {
        using var scope = new TensorScope();
        Tensor mask = UnknownChannels.Mask(Tensor.From([0L, 2], 2), 4);
        Assert.Equal([1, 1, 1, 1, 0, 0, 1, 1], mask.ToArray<float>());
    }

    [Fact]
    public void IntervalGrid_Draws_AreStepsOfTheScheduleWithTheirShares()
    {
        var grid = new IntervalGrid(new IntervalOptions { Share = 0.75, FullShare = 0.4, Grid = 8 }, 64);
        double[] times = FlowSchedule.Times(8, 64);
        GridInterval?[] drawn = [.. Enumerable.Range(0, 4000).Select(i => grid.Draw(new HostRandom((ulong)i)))];
        GridInterval[] intervals = [.. drawn.OfType<GridInterval>()];
        Assert.InRange(intervals.Length / 4000.0, 0.72, 0.78);
        Assert.All(intervals, i => Assert.All(i.Times, t => Assert.Contains(t, times)));
        Assert.All(intervals, i => Assert.True(i.Length > 0 && i.Times.SequenceEqual(i.Times.OrderDescending())));
        // Those anywhere include the whole flow, one in eight.
        Assert.InRange(intervals.Count(i => i.IsWhole) / (double)intervals.Length, 0.4, 0.48);
        // Every step of sampling with 2 and 4 steps, and the shortest ones.
        double[][] wanted = [.. new[] { 2, 4, 8 }.SelectMany(n => FlowSchedule.Times(n, 64) is var t ? t.Zip(t.Skip(1)) : [])
            .Select(p => new[] { p.First, p.Second })];
        Assert.All(wanted, w => Assert.Contains(
            intervals, i => Math.Abs(i.Start - w[0]) < 1e-12 && Math.Abs(i.Start - i.Length - w[1]) < 1e-12));
    }

    [Fact]
    public void GeneratorLoss_IntervalsOfNoTime_GiveTheSameLossAndGradients()
    {
        using var scope = new TensorScope();
        using NvgGenerator generator = Generator();
        using GeneratorBatch batch = Batch();
        using Tensor none = Tensor.ZerosLike(batch.Time_BS);
        (double plain, float[] expected) = Differentiate(generator, batch);
        (double zero, float[] actual) = Differentiate(generator, batch with { Step_BS = none });
        Assert.Equal(plain, zero, 1e-6);
        Assert.All(expected.Zip(actual), g => Assert.Equal(g.First, g.Second, 1e-5));
    }

    [Fact]
    public void GeneratorLoss_Intervals_CompareWithTheAverageOfTheHalves()
    {
        using var scope = new TensorScope();
        using NvgGenerator generator = Generator();
        using GeneratorBatch batch = Batch();
        // The second image alone has intervals.
        Tensor step_BS = Tensor.From([0f, 0, 0, 0.2f, 0.1f, 0.15f], 2, 3);
        var terms = new Dictionary<int, double>();
        using var log = new LossLog();
        using GradMode noGrad = Autograd.NoGrad();
        GeneratorBatch withSteps = batch with { Time_BS = Tensor.Full([2, 3], 0.6), Step_BS = step_BS };
        new GeneratorLoss(generator).Structure(
            withSteps, log, null, p => terms[p.Stage] = Functional.MeanSquaredError(p.Predicted_NLK, p.Target_NLK).Item()).Dispose();
        for (int stage = 0; stage < 3; stage++)
            Assert.Equal(Expected(generator, withSteps, stage), terms[stage], 1e-5);
    }

    // The loss of one stage, written out.
    private static double Expected(NvgGenerator generator, GeneratorBatch batch, int stage)
    {
        using var scope = new TensorScope();
        LatentGrid grid = generator.Config.Grid;
        Tensor target = StructureEmbedding.Embed(batch.Structure_BSL.Select(1, grid.LastStage), grid.LastStage, grid.LastStage) - 1;
        Tensor noise = Tensor.Cat([target.Narrow(2, 0, stage), batch.Epsilon_BLK.Narrow(2, stage, grid.LastStage - stage)], 2);
        Tensor time = batch.Time_BS.Select(1, stage), step = batch.Step_BS!.Select(1, stage), half = step * 0.5;
        Tensor z = noise * 0.6 + target * 0.4;
        Tensor Average(Tensor point, Tensor start, Tensor length) => generator.Structure.PredictAverageVelocity(
            point, batch.Canvases_BSLC.Select(1, stage + 1),
            StructureEmbedding.Embed(batch.Structure_BSL.Select(1, stage), stage, grid.LastStage),
            Tensor.Full([2], stage, ScalarType.Int64), start, length, batch.Class_B);
        Tensor known = Tensor.Zeros([2, grid.Length, stage]);
        Tensor Moving(Tensor u) => Tensor.Cat([known, u.Narrow(2, stage, grid.LastStage - stage)], 2);
        Tensor first = Moving(Average(z, time, half));
        Tensor second = Moving(Average(z - first * half.Reshape(-1, 1, 1), time - half, half));
        Tensor average = Tensor.Cat([(noise - target).Narrow(0, 0, 1), ((first + second) * 0.5).Narrow(0, 1, 1)], 0);
        return (Average(z, time, step) - average).Square().Mean().Item();
    }

    private static (double Loss, float[] Gradient) Differentiate(NvgGenerator generator, GeneratorBatch batch)
    {
        using var scope = new TensorScope();
        using var log = new LossLog();
        Tensor weight = generator.Parameters["structure_blocks.0.linear1.weight"];
        weight.RequiresGrad = true;
        Tensor loss = new GeneratorLoss(generator, parts: GeneratorParts.Structure).Compute(batch, log);
        float[] gradient = Autograd.Gradients(loss, [weight])[0]!.ToArray<float>();
        weight.RequiresGrad = false;
        return (loss.Item(), gradient);
    }

    private static NvgGenerator Generator() =>
        new(Tiny.GeneratorSizes with { StructureStepInput = true }, ParameterSource.Random(2));

    private static GeneratorBatch Batch()
    {
        using var scope = new TensorScope();
        using Tokenizer tokenizer = Tiny.Tokenizer();
        var grid = new LatentGrid(4, 4);
        using var sequence = new GranularitySequence(
            grid, Tiny.Structure(grid, 2, 5), [.. Enumerable.Range(0, 5).Select(i => Tiny.Tokens(i, 2, 16))]);
        using var random = new RandomGenerator(5);
        return GeneratorBatch.From(sequence, tokenizer.Quantizer, Tensor.From([1L, 3], 2), random);
    }

    // z falls from t to t − d by the factor exp(−a d), so the average velocity is z (1 − exp(−a d)) / d.
    private static Tensor Exact(Tensor z, Tensor time, Tensor step)
    {
        double[] factors = [.. step.ToArray<float>().Select(d => (1 - Math.Exp(-Rate * d)) / d)];
        return z * Numbers(factors).Reshape(-1, 1, 1);
    }

    private static Tensor Numbers(params double[] values) => AverageVelocity.Numbers(values, Device.Cpu);

    private static void AssertClose(Tensor expected, Tensor actual, double tolerance) =>
        Assert.True((expected - actual).Abs().Max().Item() <= tolerance, $"{(expected - actual).Abs().Max().Item()}");
}
