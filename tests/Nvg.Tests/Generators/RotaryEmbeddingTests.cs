using Nvg.Generators.Blocks;
using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Tests.Generators;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class RotaryEmbeddingTests
{
    private static readonly Operator ViewAsRealOp = new("aten::view_as_real");

    [Theory]
    [InlineData(2, 2, 64)]
    [InlineData(4, 4, 32)]
    [InlineData(8, 8, 64)]
    [InlineData(8, 16, 64)]
    [InlineData(16, 16, 64)]
    [InlineData(4, 4, 16)]
    [InlineData(4, 4, 18)]
    public void AxisSizes_AnyGrid_AreEvenAndFillTheHead(int height, int width, int headSize)
    {
        var grid = new LatentGrid(height, width);
        IReadOnlyList<int> sizes = new RotaryEmbedding(grid, headSize).AxisSizes;
        Assert.Equal(headSize, sizes.Sum());
        Assert.Equal(grid.LastStage + 3, sizes.Count);
        Assert.All(sizes, s => Assert.True(s >= 0 && s % 2 == 0));
        Assert.InRange(sizes[^1] - sizes[^2], 0, 2);
    }

    [Theory]
    [InlineData(2, 2, 64)]
    [InlineData(4, 8, 32)]
    [InlineData(8, 8, 64)]
    public void Table_AnyGrid_HasUnitModulusAndKeepsNorms(int height, int width, int headSize)
    {
        using var scope = new TensorScope();
        var grid = new LatentGrid(height, width);
        var rotary = new RotaryEmbedding(grid, headSize);
        int stage = grid.LastStage - 1, tokens = 1 + 2 * grid.Length;
        Tensor structure_NLK = StructureEmbedding.Embed(Tiny.Structure(grid, 2, stage + 1).Select(1, stage), stage, grid.LastStage);
        Tensor table = rotary.Table(structure_NLK, RotaryEmbedding.TokenType.CanvasCondition, RotaryEmbedding.TokenType.Latent);
        Assert.Equal([2, 1, tokens, headSize / 2], table.Shape.ToArray());
        Assert.All(ViewAsRealOp.Call(table).Square().Sum(-1).ToArray<float>(), m => Assert.Equal(1, m, 1e-5));
        using var random = new RandomGenerator(1);
        Tensor x_NHTD = Tensor.Randn([2, 3, tokens, headSize], random);
        Tensor turned = RotaryEmbedding.Apply(x_NHTD, table);
        Assert.Equal(x_NHTD.Square().Sum(-1).ToArray<float>(), turned.Square().Sum(-1).ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-3);
    }

    [Fact]
    public void Apply_SameOffset_GivesTheSameProduct()
    {
        using var scope = new TensorScope();
        var grid = new LatentGrid(4, 4);
        var rotary = new RotaryEmbedding(grid, 32);
        Tensor table = rotary.Table(Tensor.Full([1, 16, 4], 1), RotaryEmbedding.TokenType.Latent);
        using var random = new RandomGenerator(1);
        Tensor query = RotaryEmbedding.Apply(Tensor.Randn([1, 1, 1, 32], random).Expand(1, 1, 17, 32), table).Reshape(17, 32);
        Tensor key = RotaryEmbedding.Apply(Tensor.Randn([1, 1, 1, 32], random).Expand(1, 1, 17, 32), table).Reshape(17, 32);
        float[] scores = query.Matmul(key.Transpose(0, 1)).ToArray<float>();
        double Score(int from, int to) => scores[(1 + from) * 17 + 1 + to];
        // One row down and one column right, wherever one starts; another offset gives something else.
        Assert.Equal(Score(0, 5), Score(5, 10), 1e-4);
        Assert.Equal(Score(0, 5), Score(10, 15), 1e-4);
        Assert.True(Math.Abs(Score(0, 5) - Score(0, 6)) > 1e-3);
    }
}
