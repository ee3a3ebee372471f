using System.Text.Json;
using Nvg.Conditioning;
using Nvg.Evaluation.Studies;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Sampling;

/// <summary>Fixed, listed and automatic steps of the structure flow.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class StructureStepsTests
{
    [Theory]
    [InlineData("25", "25")]
    [InlineData("25, 20,3", "25,20,3")]
    [InlineData("auto", "auto")]
    [InlineData("AUTO:0.07", "auto")]
    [InlineData("auto:0.2", "auto:0.2")]
    public void Parse_KnownForms_ReadsWhatToStringWrites(string text, string written)
    {
        StructureSteps steps = StructureSteps.Parse(text)!;
        Assert.Equal(written, steps.ToString());
        Assert.Equal(steps, StructureSteps.Parse(written));
        Assert.Equal(steps, JsonSerializer.Deserialize<StructureSteps>(JsonSerializer.Serialize(steps)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("many")]
    [InlineData("4,,5")]
    [InlineData("-3")]
    [InlineData("auto:x")]
    public void Parse_OtherText_GivesNull(string text) => Assert.Null(StructureSteps.Parse(text));

    [Fact]
    public void Validate_WrongNumbers_SaysWhich()
    {
        Assert.Empty(StructureSteps.PerStage([3, 2, 1]).Validate(4));
        Assert.Contains("2 stages, the model predicts 3", StructureSteps.PerStage([3, 2]).Validate(4).Single(), StringComparison.Ordinal);
        Assert.Contains("1…1000", StructureSteps.Constant(0).Validate(4).Single(), StringComparison.Ordinal);
        Assert.Contains("tolerance", StructureSteps.Auto(1.5).Validate(4).Single(), StringComparison.Ordinal);
    }

    [Fact]
    public void Sample_ListedSteps_TakesThemStageByStage()
    {
        List<int> taken = Run(StructureSteps.PerStage([4, 2, 1]), [1]).Steps;
        Assert.Equal([4, 2, 1, 0, 0], taken);
    }

    [Fact]
    public void Sample_ListOfEqualSteps_EqualsTheNumber() =>
        Assert.Equal(Run(5, [1, 2]).Finest, Run(StructureSteps.PerStage([5, 5, 5]), [1, 2]).Finest);

    [Fact]
    public void Sample_AutoThatNeverSettles_EqualsTheFinestSteps()
    {
        // With noise that is all one number no two splits differ; with a tolerance of zero any change goes on refining.
        (long[] finest, List<int> steps) = Run(StructureSteps.Auto(0), [3]);
        Assert.All(steps.Take(3), s => Assert.Contains(s, new[] { 2, 5, 12, 27 }));
        if (steps.Take(3).All(s => s == 27))
            Assert.Equal(Run(16, [3]).Finest, finest);
    }

    [Fact]
    public void Sample_AutoThatTakesAnything_StopsAtTwoSteps()
    {
        (long[] finest, List<int> steps) = Run(StructureSteps.Auto(0.999), [3]);
        Assert.Equal([2, 2, 2], steps.Take(3));
        Assert.Equal(Run(2, [3]).Finest, finest);
    }

    [Fact]
    public void Sample_Auto_SplitsAnImageTheSameWhateverElseIsInTheBatch()
    {
        long[] together = Run(StructureSteps.Auto(0.2), [1, 2, 3]).Finest, alone = Run(StructureSteps.Auto(0.2), [2]).Finest;
        Assert.Equal(alone, together[alone.Length..(2 * alone.Length)]);
    }

    [Fact]
    public void Agreement_OfTheReferenceItself_IsWhole()
    {
        using NvgModel model = NvgModel.Random(
            new() { Name = "tiny", Tokenizer = Tiny.TokenizerSizes, Generator = Tiny.GeneratorSizes });
        IReadOnlyList<StructureStepAgreement> found = StructureStepAgreement.Measure(model, 3, 6, [6, 1]);
        Assert.Equal(1, found[0].Agreement);
        Assert.Equal(18, found[0].StepsPerImage);
        Assert.InRange(found[1].Agreement, 0.4, 1);
        Assert.Equal(3, found[1].StepsPerImage);
    }

    [Fact]
    public void PrecisionAgreement_OfAModelWithItself_IsWhole()
    {
        using NvgModel model = NvgModel.Random(
            new() { Name = "tiny", Tokenizer = Tiny.TokenizerSizes, Generator = Tiny.GeneratorSizes });
        PrecisionAgreement found = PrecisionAgreement.Measure(model, model, 2, new SamplingOptions { StructureSteps = 2 });
        Assert.All(found.StageTokens, share => Assert.Equal(1, share));
        Assert.All(found.StageSplits, share => Assert.Equal(1, share));
        Assert.InRange(found.WorstDecodedPsnr, 100, 200);
    }

    [Fact]
    public void Sample_AutoOfAverageVelocities_TakesOneStep()
    {
        (long[] finest, List<int> steps) = Run(StructureSteps.Auto(), [3], AverageVelocities);
        Assert.Equal([1, 1, 1], steps.Take(3));
        Assert.Equal(Run(1, [3], AverageVelocities).Finest, finest);
    }

    [Fact]
    public void Sample_AutoOfAverageVelocitiesAroundGivenParts_TakesFourSteps()
    {
        PartialSequence[] given = [GivenHalf()];
        (long[] finest, List<int> steps) = Run(StructureSteps.Auto(), [3], AverageVelocities, given);
        Assert.Equal([4, 4, 4], steps.Take(3));
        Assert.Equal(Run(4, [3], AverageVelocities, given).Finest, finest);
    }

    [Fact]
    public void Sample_AutoOfAverageVelocities_SplitsAnImageTheSameWhateverIsGivenOfOthers()
    {
        PartialSequence half = GivenHalf(), nothing = PartialSequence.Empty(Tiny.GeneratorSizes.Grid);
        long[] together = Run(StructureSteps.Auto(), [1, 2, 3], AverageVelocities, [nothing, half, nothing]).Finest;
        int length = Tiny.GeneratorSizes.Grid.Length;
        Assert.Equal(Run(1, [1], AverageVelocities).Finest, together[..length]);
        Assert.Equal(Run(4, [2], AverageVelocities, [half]).Finest, together[length..(2 * length)]);
        Assert.Equal(Run(1, [3], AverageVelocities).Finest, together[(2 * length)..]);
    }

    private static GeneratorConfig AverageVelocities => Tiny.GeneratorSizes with { StructureStepInput = true };

    // The left half of a whole image.
    private static PartialSequence GivenHalf()
    {
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(4));
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using ImageNoise noise = ImageNoise.FromSeeds([9], Tiny.GeneratorSizes.Grid, default);
        using SampledBatch sampled = new NvgSampler(generator, tokenizer.Quantizer).Sample(
            [0], noise, new SamplingOptions { StructureSteps = 2 });
        LatentGrid grid = Tiny.GeneratorSizes.Grid;
        return PartialSequence.FromBatch(sampled.Sequence)[0].Where(
            [.. Enumerable.Range(0, grid.Length).Select(position => position % grid.Width < grid.Width / 2)]);
    }

    private static (long[] Finest, List<int> Steps) Run(
        StructureSteps steps, ulong[] seeds, GeneratorConfig? config = null, PartialSequence[]? given = null)
    {
        using var generator = new NvgGenerator(config ?? Tiny.GeneratorSizes, ParameterSource.Random(3));
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using ImageNoise noise = ImageNoise.FromSeeds(seeds, Tiny.GeneratorSizes.Grid, default);
        var taken = new List<int>();
        using SampledBatch sampled = new NvgSampler(generator, tokenizer.Quantizer).Sample(
            new int[seeds.Length], noise, new SamplingOptions { StructureSteps = steps }, given, stage => taken.Add(stage.StructureSteps));
        using Tensor finest = sampled.Sequence.StructureMap(Tiny.GeneratorSizes.Grid.LastStage);
        return (finest.ToArray<long>(), taken);
    }
}
