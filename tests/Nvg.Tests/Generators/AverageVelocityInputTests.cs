using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Generators;

/// <summary>The length of a step and the guidance scale as inputs of the structure generator.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class AverageVelocityInputTests
{
    private static readonly GeneratorConfig Plain = Tiny.GeneratorSizes;

    private static readonly GeneratorConfig WithInputs = Plain with { StructureStepInput = true, StructureGuidanceLimit = 3 };

    [Fact]
    public void PredictAverageVelocity_NoTimeAndGuidanceOfOne_IsTheVelocity()
    {
        using var generator = new NvgGenerator(WithInputs, ParameterSource.Random(3));
        float[] velocity = Predict(generator, step: null, guidance: null);
        Assert.Equal(velocity, Predict(generator, step: 0, guidance: 1));
        Assert.Equal(velocity, Predict(generator, step: 0, guidance: null));
        Assert.NotEqual(velocity, Predict(generator, step: 0.25, guidance: 1));
        Assert.NotEqual(velocity, Predict(generator, step: 0, guidance: 2));
        Assert.NotEqual(Predict(generator, step: 0.5, guidance: 2), Predict(generator, step: 0.25, guidance: 2));
    }

    [Fact]
    public void Constructor_NewInputs_LeaveAllOtherWeightsAsTheyWere()
    {
        using var plain = new NvgGenerator(Plain, ParameterSource.Random(3));
        using var extended = new NvgGenerator(WithInputs, ParameterSource.Random(3));
        string[] added = [.. extended.Parameters.Keys.Except(plain.Parameters.Keys)];
        Assert.Equal(
            [.. new[] { "step", "guidance" }.SelectMany(i => new[] { "in", "out" }.Select(l => $"structure_{i}_embed.{l}_layer.weight"))],
            added);
        Assert.All(plain.Parameters, p => Assert.Equal(p.Value.ToArray<float>(), extended.Parameters[p.Key].ToArray<float>()));
    }

    [Fact]
    public void PredictAverageVelocity_WithoutTheInput_IsRefused()
    {
        using var generator = new NvgGenerator(Plain, ParameterSource.Random(3));
        Assert.Throws<InvalidOperationException>(() => Predict(generator, step: 0.5, guidance: null));
        using var steps = new NvgGenerator(Plain with { StructureStepInput = true }, ParameterSource.Random(3));
        Assert.Throws<InvalidOperationException>(() => Predict(steps, step: 0.5, guidance: 2));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Sample_InputsThatAreIgnored_EqualsTheModelWithoutThem(int steps)
    {
        using var plain = new NvgGenerator(Plain, ParameterSource.Random(3));
        using var extended = new NvgGenerator(Plain with { StructureStepInput = true }, ParameterSource.Random(3));
        Assert.NotEqual(Finest(plain, steps), Finest(extended, steps));
        extended.Structure.IgnoreNewInputs();
        Assert.Equal(Finest(plain, steps), Finest(extended, steps));
    }

    [Fact]
    public void Sample_Auto_TakesOneStepOfAverageVelocities()
    {
        using var generator = new NvgGenerator(Plain with { StructureStepInput = true }, ParameterSource.Random(3));
        Assert.Equal([1, 1, 1, 0, 0], Sample(generator, StructureSteps.Auto()).Steps);
        Assert.Equal([4, 2, 1, 0, 0], Sample(generator, StructureSteps.PerStage([4, 2, 1])).Steps);
        Assert.Equal(Finest(generator, 1), Sample(generator, StructureSteps.Auto()).Finest);
    }

    [Fact]
    public void Sample_GuidanceAsInput_IsUsedAndBounded()
    {
        using var generator = new NvgGenerator(WithInputs, ParameterSource.Random(3));
        var weak = new SamplingOptions { StructureGuidance = StageSchedule.Constant(1), StructureSteps = 2 };
        Assert.NotEqual(
            Sample(generator, options: weak).Finest,
            Sample(generator, options: weak with { StructureGuidance = StageSchedule.Constant(3) }).Finest);
        foreach (double scale in new[] { 0.5, 3.1 })
        {
            var error = Assert.Throws<ArgumentException>(
                () => Sample(generator, options: weak with { StructureGuidance = StageSchedule.Constant(scale) }));
            Assert.Contains("must be in 1…3", error.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Sample_AnyNumberOfSteps_StartsFromTheSameNoise()
    {
        // Where nothing moves, the end of the flow is its start.
        using var generator = new NvgGenerator(Plain with { StructureStepInput = true }, ParameterSource.Random(3));
        generator.Parameters["structure_head.linear.weight"].FillInPlace(0);
        long[] one = Finest(generator, 1);
        Assert.Equal(one, Finest(generator, 4));
        Assert.Equal(one, Finest(generator, 25));
        Assert.NotEqual(one, Sample(generator, 1, seed: 8).Finest);
    }

    private static float[] Predict(NvgGenerator generator, double? step, double? guidance)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var random = new RandomGenerator(5);
        LatentGrid grid = Plain.Grid;
        Tensor z = Tensor.Randn([2, grid.Length, grid.LastStage], random), canvas = Tensor.Randn([2, grid.Length, 4], random);
        using Tensor structure = Tiny.Structure(grid, 2, 5);
        Tensor embedded = StructureEmbedding.Embed(structure.Select(1, 1), 1, grid.LastStage);
        Tensor stage = Tensor.From([1L, 1], 2), @class = Tensor.From([0L, 2], 2), time = Tensor.From([0.9f, 0.6f], 2);
        if (step is null)
            return generator.Structure.PredictVelocity(z, canvas, embedded, stage, time, @class).ToArray<float>();
        Tensor? scale = guidance is null ? null : Tensor.Full([2], guidance.Value);
        return generator.Structure.PredictAverageVelocity(
            z, canvas, embedded, stage, time, Tensor.Full([2], step.Value), @class, scale).ToArray<float>();
    }

    private static long[] Finest(NvgGenerator generator, int steps) => Sample(generator, steps).Finest;

    private static (long[] Finest, List<int> Steps) Sample(
        NvgGenerator generator, StructureSteps? steps = null, SamplingOptions? options = null, ulong seed = 7)
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using ImageNoise noise = ImageNoise.FromSeeds([seed], Plain.Grid, default);
        options ??= new SamplingOptions();
        var taken = new List<int>();
        using SampledBatch sampled = new NvgSampler(generator, tokenizer.Quantizer).Sample(
            [1], noise, steps is null ? options : options with { StructureSteps = steps }, null, stage => taken.Add(stage.StructureSteps));
        using Tensor finest = sampled.Sequence.StructureMap(Plain.Grid.LastStage);
        return (finest.ToArray<long>(), taken);
    }
}
