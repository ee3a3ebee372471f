using Nvg.Generators;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Sampling;

/// <summary>A GPU works through a batch without waiting for the host: nothing that it computes is read before the end.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public sealed class HostSynchronizationTests : IDisposable
{
    private static readonly SamplingOptions Options = new() { StructureSteps = 3, TopK = 9, TopP = StageSchedule.Constant(0.9) };

    private readonly Tokenizer _tokenizer = Tiny.Tokenizer();
    private readonly NvgGenerator _generator = new(Tiny.GeneratorSizes, ParameterSource.Random(2));

    [Fact]
    public void Sample_ChecksDeferred_ReadsNothingInAnyStage()
    {
        OperatorTrace trace;
        using (trace = new OperatorTrace())
        {
            Sample(deferred: true);
        }

        Assert.Empty(trace.Synchronizations);
        Assert.Contains(trace.Totals, total => total.Name == "aten::isfinite");
    }

    [Fact]
    public void Sample_ChecksAtOnce_ReadsOneNumberPerCheck()
    {
        using var trace = new OperatorTrace();
        Sample(deferred: false);
        // Five stages have logits and a canvas, three of them a predicted structure channel.
        Assert.Equal(("aten::_local_scalar_dense", 13L), trace.Synchronizations.Select(total => (total.Name, total.Calls)).Single());
    }

    [Theory]
    [InlineData("x0_head.linear.weight", "content generator in stage 0")]
    [InlineData("structure_embed.weight", "structure generator in stage 0")]
    public void Sample_PartThatOverflows_IsNamedWithAndWithoutDeferral(string name, string part)
    {
        using (Tensor filled = Tensor.Full(_generator.Parameters[name].Shape.ToArray(), 3e38))
        using (Autograd.NoGrad())
            _generator.Parameters[name].CopyFrom(filled);
        string atOnce = Assert.Throws<NvgDataException>(() => Sample(deferred: false)).Message;
        Assert.StartsWith($"the image of seed 5: the values of the {part} are not finite", atOnce, StringComparison.Ordinal);
        Assert.Equal(atOnce, Assert.Throws<NvgDataException>(() => Sample(deferred: true)).Message);
    }

    public void Dispose()
    {
        _tokenizer.Dispose();
        _generator.Dispose();
    }

    private void Sample(bool deferred)
    {
        using ImageNoise noise = ImageNoise.FromSeeds([5, 6], _generator.Config.Grid, Device.Cpu);
        var sampler = new NvgSampler(_generator, _tokenizer.Quantizer) { DefersChecks = deferred };
        sampler.Sample([0, 1], noise, Options).Dispose();
    }
}
