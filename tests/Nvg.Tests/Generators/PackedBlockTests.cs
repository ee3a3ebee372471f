using Nvg.Generators;
using Nvg.Generators.Blocks;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Generators;

/// <summary>The kernel of a whole block, and what is computed once per stage, against the same formulas step by step.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class PackedBlockTests
{
    // Sequences, tokens, heads: single tokens, sizes no tile divides, more rows than share a pass.
    [MatrixEngineTheory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 17, 2)]
    [InlineData(3, 65, 3)]
    [InlineData(1, 129, 4)]
    [InlineData(5, 257, 2)]
    public void ForwardInPlace_EqualsForwardToTheProductsPrecision(int count, int tokens, int heads) =>
        // Both round the operands of four products to eight bits; the update is what they compute.
        Assert.InRange(ErrorOfUpdate(count, tokens, heads, int8: false), 1e-9, 1.5e-2);

    [Int8EngineTheory]
    [InlineData(1, 1, 1)]
    [InlineData(2, 17, 2)]
    [InlineData(3, 65, 3)]
    [InlineData(5, 257, 2)]
    public void ForwardInPlace_Int8_EqualsForwardToTheProductsPrecision(int count, int tokens, int heads) =>
        // Rounds four operands to 127 steps up to their largest number, which is three standard deviations or more: 0.7 % each.
        Assert.InRange(ErrorOfUpdate(count, tokens, heads, int8: true), 1e-9, 3e-2);

    // Root mean square of the difference from the composed block, relative to that of the update.
    private static double ErrorOfUpdate(int count, int tokens, int heads, bool int8)
    {
        using var scope = new TensorScope();
        using GradMode noGrad = Autograd.NoGrad();
        (TransformerBlock block, ParameterStore store) = Block(heads);
        using (store)
        {
            (Tensor x, Tensor modulation, Tensor rotary) = Inputs(count, tokens, heads);
            Tensor expected = block.Forward(x, modulation, rotary);
            using var packed = new PackedBlock(block, int8);
            Tensor actual = x.Clone();
            packed.ForwardInPlace(actual, modulation, RotaryEmbedding.AsPairs(rotary));
            double error = (actual - expected).Square().Mean().Item(), update = (expected - x).Square().Mean().Item();
            return Math.Sqrt(error / update);
        }
    }

    [MatrixEngineTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void ForwardInPlace_AnyNumberOfThreads_GivesTheSameBits(int threads) => AssertSameBits(threads, int8: false);

    [Int8EngineTheory]
    [InlineData(1)]
    [InlineData(3)]
    public void ForwardInPlace_Int8AndAnyNumberOfThreads_GivesTheSameBits(int threads) => AssertSameBits(threads, int8: true);

    private static void AssertSameBits(int threads, bool int8)
    {
        int before = TorchRuntime.ThreadCount;
        try
        {
            TorchRuntime.ThreadCount = threads;
            float[] some = Run(int8);
            TorchRuntime.ThreadCount = 2;
            Assert.Equal(some, Run(int8));
        }
        finally
        {
            TorchRuntime.ThreadCount = before;
        }

        static float[] Run(bool int8)
        {
            using var scope = new TensorScope();
            using GradMode noGrad = Autograd.NoGrad();
            (TransformerBlock block, ParameterStore store) = Block(2);
            using (store)
            {
                using var packed = new PackedBlock(block, int8);
                (Tensor x, Tensor modulation, Tensor rotary) = Inputs(2, 75, 2);
                Tensor y = x.Clone();
                packed.ForwardInPlace(y, modulation, RotaryEmbedding.AsPairs(rotary));
                return y.ToArray<float>();
            }
        }
    }

    [Fact]
    public void CanBePacked_Float32_IsFalse()
    {
        using var store = new ParameterStore();
        Assert.False(new TransformerBlock(new ParameterPath(store, ParameterSource.Random(1)), 64, 64, 4).CanBePacked);
    }

    [Fact]
    public void Condition_OfSeveralTimes_EqualsOneTimeAfterAnother()
    {
        using var scope = new TensorScope();
        using GradMode noGrad = Autograd.NoGrad();
        GeneratorConfig sizes = Tiny.GeneratorSizes;
        using var generator = new NvgGenerator(sizes, ParameterSource.Random(3));
        using var random = new RandomGenerator(4);
        Tensor canvas = Tensor.Randn([2, sizes.Grid.Length, sizes.LatentChannels], random);
        Tensor z = Tensor.Randn([2, sizes.Grid.Length, sizes.Grid.LastStage], random);
        Tensor map = Tiny.Structure(sizes.Grid, 2, 2).Select(1, 1);
        Tensor embedding = StructureEmbedding.Embed(map, 1, sizes.Grid.LastStage);
        Tensor stage = Tensor.From([1L, 1L], 2), classes = Tensor.From([0L, 3L], 2);
        // More steps than are conditioned together, taken in any order.
        float[] times = [.. Enumerable.Range(0, 70).Select(i => 1 - i / 70f)];
        Tensor time_SN = Tensor.From(times, times.Length).Unsqueeze(1).Expand(-1, 2);
        using StructureCondition condition = generator.Structure.Condition(canvas, embedding, stage, time_SN, classes);
        foreach (int step in new[] { 0, 31, 32, 69, 1 })
        {
            Tensor alone = generator.Structure.PredictVelocity(
                z, canvas, embedding, stage, Tensor.From([times[step], times[step]], 2), classes);
            Assert.InRange((generator.Structure.PredictVelocity(condition, step, z) - alone).Abs().Max().Item(), 0, 1e-5);
        }
    }

    private static (TransformerBlock Block, ParameterStore Store) Block(int heads)
    {
        var store = new ParameterStore();
        using var half = new ParameterStore();
        _ = new TransformerBlock(new ParameterPath(half, ParameterSource.Random(8)), heads * 64, 64, 4);
        using var random = new RandomGenerator(9);
        foreach ((string name, Tensor value) in half)
        {
            // Biases and norm scales start at constants, which would hide a mistake.
            if (value.Rank == 1)
                value.AddInPlace(Tensor.Randn(value.Shape.ToArray(), random) * 0.3);
        }

        return (new TransformerBlock(
            new ParameterPath(store, ParameterSource.From(half, type: ScalarType.BFloat16)), heads * 64, 64, 4), store);
    }

    private static (Tensor X_NTW, Tensor Modulation, Tensor Rotary) Inputs(int count, int tokens, int heads)
    {
        using var random = new RandomGenerator(5);
        Tensor angle = Tensor.Randn([count, 1, tokens, 32], random);
        Tensor rotary = new Operator("aten::polar").Call(Tensor.Full(angle.Shape.ToArray(), 1), angle);
        return (Tensor.Randn([count, tokens, heads * 64], random), Tensor.Randn([count, 3 * heads * 64], random), rotary);
    }

    private sealed class MatrixEngineTheoryAttribute : TheoryAttribute
    {
        public MatrixEngineTheoryAttribute()
        {
            if (!BlockOperations.HasMatrixEngine)
                Skip = "this processor has no matrix engine (AMX, or AVX-512 with bfloat16)";
        }
    }

    private sealed class Int8EngineTheoryAttribute : TheoryAttribute
    {
        public Int8EngineTheoryAttribute()
        {
            if (!BlockOperations.HasInt8Engine)
                Skip = "this processor has no matrix engine for int8 (AMX, or AVX-512 with VNNI and bfloat16)";
        }
    }
}
