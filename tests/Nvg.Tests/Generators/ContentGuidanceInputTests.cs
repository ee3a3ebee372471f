using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Generators;

/// <summary>The guidance scale as an input of the content generator.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class ContentGuidanceInputTests
{
    private static readonly GeneratorConfig Plain = Tiny.GeneratorSizes;

    private static readonly GeneratorConfig WithInput = Plain with { ContentGuidanceLimit = 5 };

    [Fact]
    public void PredictFinalCanvas_GuidanceOfOne_IsThePredictionWithoutGuidance()
    {
        using var generator = new NvgGenerator(WithInput, ParameterSource.Random(3));
        float[] predicted = Predict(generator, null);
        Assert.Equal(predicted, Predict(generator, 1));
        Assert.NotEqual(predicted, Predict(generator, 2));
        Assert.NotEqual(Predict(generator, 4), Predict(generator, 2));
        using var plain = new NvgGenerator(Plain, ParameterSource.Random(3));
        Assert.Throws<InvalidOperationException>(() => Predict(plain, 2));
    }

    [Fact]
    public void Constructor_NewInput_LeavesTheOtherContentWeightsAsTheyWere()
    {
        using var plain = new NvgGenerator(Plain, ParameterSource.Random(3));
        using var extended = new NvgGenerator(WithInput, ParameterSource.Random(3));
        Assert.Equal(
            ["content_guidance_embed.in_layer.weight", "content_guidance_embed.out_layer.weight"],
            extended.Parameters.Keys.Except(plain.Parameters.Keys));
        Assert.All(
            plain.Parameters.Where(p => !p.Key.StartsWith("structure_", StringComparison.Ordinal)),
            p => Assert.Equal(p.Value.ToArray<float>(), extended.Parameters[p.Key].ToArray<float>()));
    }

    [Fact]
    public void Sample_InputThatIsIgnored_EqualsSamplingWithoutGuidance()
    {
        using var plain = new NvgGenerator(Plain, ParameterSource.Random(3));
        using var extended = new NvgGenerator(WithInput, ParameterSource.Random(3));
        extended.Parameters.CopySharedFrom(plain.Parameters);
        (long[] guided, long rows) = Sample(extended, 4);
        Assert.Equal(1, rows);
        Assert.NotEqual(Sample(extended, 1).Tokens, guided);
        extended.Content.IgnoreNewInputs();
        Assert.Equal(Sample(plain, 1).Tokens, Sample(extended, 4).Tokens);
        Assert.Equal(2, Sample(plain, 4).Rows);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(5.1)]
    public void Sample_GuidanceOutsideTheLimit_IsRefused(double scale)
    {
        using var generator = new NvgGenerator(WithInput, ParameterSource.Random(3));
        var error = Assert.Throws<ArgumentException>(() => Sample(generator, scale));
        Assert.Contains("content guidance of this model must be in 1…5", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Validate_LimitOfOne_IsRefused() => Assert.NotEmpty((Plain with { ContentGuidanceLimit = 1 }).Validate());

    private static float[] Predict(NvgGenerator generator, double? guidance)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var random = new RandomGenerator(5);
        LatentGrid grid = Plain.Grid;
        Tensor canvas = Tensor.Randn([2, grid.Length, 4], random);
        using Tensor structure = Tiny.Structure(grid, 2, 5);
        Tensor embedded = StructureEmbedding.Embed(structure.Select(1, 1), 1, grid.LastStage);
        Tensor? scale = guidance is null ? null : Tensor.Full([2], guidance.Value);
        return generator.Content.PredictFinalCanvas(
            canvas, embedded, Tensor.From([1L, 1], 2), Tensor.From([0L, 2], 2), guidance_N: scale).ToArray<float>();
    }

    // The tokens of the last stage, and the number of sequences of a content pass.
    private static (long[] Tokens, long Rows) Sample(NvgGenerator generator, double guidance)
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using ImageNoise noise = ImageNoise.FromSeeds([7], Plain.Grid, default);
        var options = new SamplingOptions
        {
            ContentGuidance = StageSchedule.Constant(guidance),
            StructureGuidance = StageSchedule.Constant(1),
            StructureSteps = 2,
        };
        long rows = 0;
        using SampledBatch sampled = new NvgSampler(generator, tokenizer.Quantizer).Sample(
            [1], noise, options, null, stage => rows = stage.Predicted_NLC!.Size(0));
        return (sampled.Sequence.Content[^1].ToArray<long>(), rows);
    }
}
