using Nvg.Generators;
using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Generators;

/// <summary>
/// A captured pass reads the tensors of its capture. Here work is "captured" by running it again, which needs no GPU: what is
/// tested is that every call gives its own inputs to the right pass and receives a result of its own.
/// </summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public class CapturedBlocksTests
{
    private const int Tokens = 5;

    private static GeneratorConfig Sizes => PackedGeneratorTests.Sizes;

    [Fact]
    public void Run_WithChangingInputs_GivesWhatTheBlocksGive()
    {
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1));
        var captures = new Captures();
        using var captured = new CapturedBlocks(generator.Content.Blocks, captures.Capture);
        for (ulong seed = 0; seed < 4; seed++)
            AssertSame(generator.Content.Blocks, captured, count: 2, seed);
        // The first pass of a shape runs by itself, the second is captured.
        Assert.Equal(1, captures.Count);
        Assert.Equal(3, captures.Replays);
    }

    [Fact]
    public void Run_KeepsResultsOfEarlierCalls()
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1));
        using var captured = new CapturedBlocks(generator.Content.Blocks, new Captures().Capture);
        Tensor[] results = [.. Enumerable.Range(0, 4).Select(seed => Run(captured, Inputs(2, (ulong)seed)))];
        for (int seed = 0; seed < results.Length; seed++)
            Assert.Equal(Expected(generator.Content.Blocks, Inputs(2, (ulong)seed)), results[seed].ToArray<float>());
    }

    [Fact]
    public void Run_WithManyBatchSizes_ForgetsTheOldest()
    {
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1));
        var captures = new Captures();
        using (var captured = new CapturedBlocks(generator.Content.Blocks, captures.Capture))
        {
            for (int count = 1; count <= 9; count++)
            {
                for (ulong seed = 0; seed < 3; seed++)
                    AssertSame(generator.Content.Blocks, captured, count, seed);
            }

            Assert.Equal(9, captures.Count);
            Assert.Equal(3, captures.Disposed);
        }

        Assert.Equal(9, captures.Disposed);
    }

    [Fact]
    public void Run_WithGradients_IsNotCaptured()
    {
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(Sizes, ParameterSource.Random(1));
        var captures = new Captures();
        using var captured = new CapturedBlocks(generator.Content.Blocks, captures.Capture);
        for (ulong seed = 0; seed < 3; seed++)
        {
            (Tensor tokens, Tensor[] modulations, Tensor rotary) = Inputs(2, seed);
            tokens.RequiresGrad = true;
            Assert.True(captured.Run(tokens, modulations, rotary).RequiresGrad);
        }

        Assert.Equal(0, captures.Count);
    }

    [Fact]
    public void Capture_WithoutCuda_SaysWhatIsMissing()
    {
        Assert.False(CapturedGraph.IsAvailable(Device.Cpu));
        if (TorchRuntime.CudaDeviceCount > 0)
            return;
        TorchException error = Assert.ThrowsAny<TorchException>(() => CapturedGraph.Capture(Device.Cuda(0), () => Tensor.Zeros([1])));
        Assert.Contains("CUDA", error.Message, StringComparison.Ordinal);
    }

    private static void AssertSame(TransformerBlock[] blocks, CapturedBlocks captured, int count, ulong seed)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Assert.Equal(Expected(blocks, Inputs(count, seed)), Run(captured, Inputs(count, seed)).ToArray<float>());
    }

    private static Tensor Run(CapturedBlocks stack, (Tensor Tokens, Tensor[] Modulations, Tensor Rotary) inputs) =>
        stack.Run(inputs.Tokens, inputs.Modulations, inputs.Rotary);

    private static float[] Expected(TransformerBlock[] blocks, (Tensor Tokens, Tensor[] Modulations, Tensor Rotary) inputs) =>
        BlockTraining.Run(blocks, inputs.Tokens, inputs.Modulations, inputs.Rotary).ToArray<float>();

    private static (Tensor Tokens, Tensor[] Modulations, Tensor Rotary) Inputs(int count, ulong seed)
    {
        using var random = new RandomGenerator(seed);
        int width = Sizes.ContentWidth;
        Tensor structure_NLK = Tensor.Zeros([count, Sizes.Grid.Length, Sizes.Grid.LastStage]);
        var rotary = new RotaryEmbedding(Sizes.Grid, Sizes.HeadSize);
        Tensor table = rotary.Table(structure_NLK, RotaryEmbedding.TokenType.Latent);
        return (Tensor.Randn([count, Tokens, width], random),
            [.. Enumerable.Range(0, Sizes.Depth).Select(_ => Tensor.Randn([count, 3 * width], random))], table);
    }

    // Captures by remembering the work: a replay runs it again.
    private sealed class Captures
    {
        internal int Count { get; private set; }

        internal int Replays { get; private set; }

        internal int Disposed { get; private set; }

        internal ICapturedWork Capture(Device device, Func<Tensor> work)
        {
            Count++;
            return new Work(this, work);
        }

        private sealed class Work(Captures owner, Func<Tensor> work) : ICapturedWork
        {
            public Tensor Result { get; } = work().Own();

            public void Replay()
            {
                owner.Replays++;
                using Tensor again = work();
                Result.CopyFrom(again);
            }

            public void Dispose()
            {
                owner.Disposed++;
                Result.Dispose();
            }
        }
    }
}
