using Nvg.Generators.Blocks;
using Nvg.Torch;

namespace Nvg.Tests.Generators;

/// <summary>The kernels against the same formulas composed of libtorch's operators: values and all gradients.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public class BlockOperationsTests
{
    private const double Epsilon = 1e-6;

    // Sequences, tokens, heads, head size, width of the MLP: round ones, single tokens, sizes no vector divides.
    public static TheoryData<int, int, int, int, int> Sizes => new()
    {
        { 2, 17, 2, 64, 512 },
        { 1, 1, 1, 6, 5 },
        { 3, 5, 3, 10, 33 },
        { 4, 65, 1, 64, 256 },
    };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void ModulatedLayerNorm_Float32_EqualsComposition(int count, int tokens, int heads, int headSize, int mlp)
    {
        _ = mlp;
        int width = heads * headSize;
        Compare(
            [[count, tokens, width], [count, width], [count, width]], ScalarType.Float32, 2e-5,
            x => BlockOperations.ModulatedLayerNorm(x[0], x[1], x[2], Epsilon, ScalarType.Float32),
            x => BlockOperations.Composed.ModulatedLayerNorm(x[0], x[1], x[2], Epsilon));
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AttentionMlp_Float32_EqualsComposition(int count, int tokens, int heads, int headSize, int mlp) =>
        CompareAttention(count, tokens, heads, headSize, mlp, ScalarType.Float32, 5e-5);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void AttentionMlp_BFloat16_EqualsCompositionToItsPrecision(int count, int tokens, int heads, int headSize, int mlp) =>
        CompareAttention(count, tokens, heads, headSize, mlp, ScalarType.BFloat16, 6e-2);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void GatedSum_Float32_EqualsComposition(int count, int tokens, int heads, int headSize, int mlp)
    {
        _ = mlp;
        int width = heads * headSize;
        Compare(
            [[count, tokens, width], [count, width], [count, tokens, width]], ScalarType.Float32, 2e-5,
            x => BlockOperations.GatedSum(x[0], x[1], x[2]),
            x => BlockOperations.Composed.GatedSum(x[0], x[1], x[2]));
    }

    [Fact]
    public void AttentionMlp_OneOrTwoThreads_GivesTheSameBits()
    {
        int before = TorchRuntime.ThreadCount;
        try
        {
            TorchRuntime.ThreadCount = 1;
            float[] one = Attention();
            TorchRuntime.ThreadCount = 2;
            Assert.Equal(one, Attention());
        }
        finally
        {
            TorchRuntime.ThreadCount = before;
        }

        static float[] Attention()
        {
            using var scope = new TensorScope();
            using var random = new RandomGenerator(5);
            Tensor projected = Tensor.Randn([3, 9, 3 * 32 + 64], random);
            projected.RequiresGrad = true;
            Tensor hidden = BlockOperations.AttentionMlp(
                projected, Tensor.Randn([16], random), Tensor.Randn([16], random), Turns(3, 9, 16, random), 2, Epsilon);
            hidden.Square().Sum().Backward();
            return projected.Grad!.ToArray<float>();
        }
    }

    [Fact]
    public void AttentionMlp_ScalesOfUnlikeSize_IsRefused()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        Tensor projected = Tensor.Randn([1, 2, 3 * 8 + 4], random);
        TorchException error = Assert.ThrowsAny<TorchException>(() =>
            BlockOperations.AttentionMlp(
                projected, Tensor.Randn([8], random), Tensor.Randn([4], random), Turns(1, 2, 8, random), 1, Epsilon));
        Assert.Contains("same even number", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ModulatedLayerNorm_ExpandedAndTransposedInputs_EqualsComposition()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor x = Tensor.Randn([6, 3, 8], random).Transpose(0, 1);
        Tensor shift = Tensor.Randn([1, 8], random).Expand(3, 8);
        Tensor ours = BlockOperations.ModulatedLayerNorm(x, shift, shift, Epsilon, ScalarType.Float32);
        Tensor theirs = BlockOperations.Composed.ModulatedLayerNorm(x, shift, shift, Epsilon);
        Assert.InRange((ours - theirs).Abs().Max().Item(), 0, 2e-5);
    }

    private static void CompareAttention(int count, int tokens, int heads, int headSize, int mlp, ScalarType type, double tolerance)
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(3);
        Tensor turns = Turns(count, tokens, headSize, random);
        Compare(
            [[count, tokens, 3 * heads * headSize + mlp], [headSize], [headSize]], type, tolerance,
            x => BlockOperations.AttentionMlp(x[0], x[1], x[2], turns, heads, Epsilon),
            x => BlockOperations.Composed.AttentionMlp(x[0], x[1], x[2], turns, heads, Epsilon));
    }

    // N × 1 × T × D/2 unit complex numbers, different for every token.
    private static Tensor Turns(int count, int tokens, int headSize, RandomGenerator random)
    {
        using var scope = new TensorScope();
        Tensor angle = Tensor.Randn([count, 1, tokens, headSize / 2], random);
        return scope.Keep(new Operator("aten::polar").Call(Tensor.Full(angle.Shape.ToArray(), 1), angle));
    }

    // The first input in the given type, the others (scales, gates) in float32.
    private static void Compare(
        long[][] shapes, ScalarType type, double tolerance, Func<Tensor[], Tensor> ours, Func<Tensor[], Tensor> theirs)
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(7);
        Tensor[] values = Array.ConvertAll(shapes, s => Tensor.Randn(s, random));
        values[0] = values[0].To(type);
        (Tensor[] first, Tensor[] second) = (Leaves(values), Leaves(values));
        Tensor mine = ours(first), reference = theirs(second);
        Tensor weights = Tensor.Randn(mine.Shape.ToArray(), random);
        (mine.To(ScalarType.Float32) * weights).Sum().Backward();
        (reference.To(ScalarType.Float32) * weights).Sum().Backward();
        AssertClose(mine, reference, tolerance, "value");
        for (int i = 0; i < first.Length; i++)
            AssertClose(first[i].Grad!, second[i].Grad!, tolerance, $"gradient of input {i}");
    }

    private static Tensor[] Leaves(Tensor[] values) => Array.ConvertAll(values, v =>
    {
        Tensor leaf = v.Clone();
        leaf.RequiresGrad = true;
        return leaf;
    });

    private static void AssertClose(Tensor actual, Tensor expected, double tolerance, string what)
    {
        using var scope = new TensorScope();
        Tensor difference = actual.Detach().To(ScalarType.Float32) - expected.Detach().To(ScalarType.Float32);
        double scale = Math.Max(1, expected.Detach().Abs().Max().Item());
        double error = difference.Abs().Max().Item() / scale;
        Assert.True(error <= tolerance, $"{what}: largest difference {error:G3} of scale, allowed {tolerance:G3}");
    }
}
