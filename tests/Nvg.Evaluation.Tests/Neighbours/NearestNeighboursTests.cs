using Nvg.Evaluation.Neighbours;
using Nvg.Torch;

namespace Nvg.Evaluation.Tests.Neighbours;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class NearestNeighboursTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Result_RandomVectorsInTiles_AreThoseOfAllDistances(int count)
    {
        // More queries than a block takes.
        float[][] queries = Vectors(300, 5, 1), references = Vectors(97, 5, 2);
        references[90] = references[4];
        using Tensor queries_NF = Tensor.From([.. queries.SelectMany(v => v)], 300, 5);
        using var search = new NearestNeighbours(queries_NF, count);
        foreach (float[][] tile in references.Chunk(20))
        {
            using Tensor tile_MF = Tensor.From([.. tile.SelectMany(v => v)], tile.Length, 5);
            search.Add(tile_MF);
        }

        for (int q = 0; q < queries.Length; q++)
        {
            (int Index, double Distance)[] expected = [
                .. references.Select((r, i) => (i, Distance(queries[q], r))).OrderBy(n => n.Item2).ThenBy(n => n.i).Take(count)];
            Assert.Equal(expected.Select(e => (long)e.Index), search.Result[q].Select(n => n.Index));
            Assert.All(expected.Zip(search.Result[q]), pair => Assert.Equal(pair.First.Distance, pair.Second.Distance, 1e-5));
        }
    }

    [Theory]
    [InlineData(32, 1000)]
    [InlineData(256, 170)]
    [InlineData(4096, 1)]
    public void Rows_OfATileOfImages_KeepTheBudget(int side, int expected) =>
        Assert.Equal(expected, ByteBudget.Rows(3L * side * side * sizeof(float), 1000));

    [Fact]
    public void Result_VectorsTooLongForAFullBlock_AreThoseOfAllDistances()
    {
        // Five candidates of 2²² bytes: six queries in a block, so that thirteen make three.
        float[][] queries = Vectors(13, 1 << 20, 4), references = [.. queries.Reverse()];
        Assert.Equal(6, ByteBudget.Rows(5L * (1 << 22), 256));
        using Tensor queries_NF = Tensor.From([.. queries.SelectMany(v => v)], 13, 1 << 20);
        using Tensor references_MF = Tensor.From([.. references.SelectMany(v => v)], 13, 1 << 20);
        using var search = new NearestNeighbours(queries_NF, 1);
        search.Add(references_MF);
        Assert.Equal(Enumerable.Range(0, 13).Select(q => new Neighbour(12 - q, 0)), search.Result.Select(n => Assert.Single(n)));
    }

    [Fact]
    public void Result_CopyAmongLargeVectors_IsAtDistanceZero()
    {
        // By |a|² + |b|² − 2ab in float32 the distance of these would be lost in rounding.
        float[][] references = [.. Vectors(50, 3000, 3).Select(v => Array.ConvertAll(v, x => x + 1000))];
        float[] query = [.. references[17]], near = [.. references[17]];
        near[5] += 0.5f;
        references[30] = near;
        using Tensor query_NF = Tensor.From(query, 1, 3000);
        using Tensor references_MF = Tensor.From([.. references.SelectMany(v => v)], 50, 3000);
        using var search = new NearestNeighbours(query_NF, 2);
        search.Add(references_MF);
        Assert.Equal([new Neighbour(17, 0), new Neighbour(30, 0.5)], search.Result[0]);
    }

    [Fact]
    public void MemorisationCheck_CopiesAndStrangers_AreToldApart()
    {
        IReadOnlyList<Neighbour>[] test = [.. Enumerable.Range(1, 200).Select(i => Pair(i, i + 1))];
        MemorisationCheck copies = MemorisationCheck.Of([Pair(0, 10), Pair(1, 2), Pair(0, 20), Pair(0.5, 3)], test);
        Assert.Equal(0.75, copies.SampleCopies);
        Assert.Equal(0, copies.TestCopies);
        Assert.Equal(0.25, copies.SampleMedian);
        Assert.Equal(100.5, copies.TestMedian);
        // 1 and 0.5 and twice 0 against 1…200: the 1 ties with one of 200.
        Assert.Equal((3 + 199.5 / 200) / 4, copies.CloserThanTest, 1e-12);
        Assert.Equal(1, copies.BelowLowestTestPercent);
        MemorisationCheck same = MemorisationCheck.Of(test, test);
        Assert.Equal((0.5, 1.0, 0.01), (same.CloserThanTest, same.MedianRatio, same.BelowLowestTestPercent));
        // An image that the training set has twice is as far from its second nearest: not at all.
        Assert.Equal(0.5, MemorisationCheck.Of([Pair(0, 0), Pair(5, 5)], test).SampleCopies);
        Assert.Throws<NvgDataException>(() => MemorisationCheck.Of([[new Neighbour(0, 1)]], test));
        Assert.Contains("most test images are training images", Assert.Throws<NvgDataException>(
            () => MemorisationCheck.Of(test, [Pair(0, 1), Pair(0, 2), Pair(1, 2)])).Message, StringComparison.Ordinal);
        Assert.Throws<NvgDataException>(() => MemorisationCheck.Of([], test));
    }

    private static Neighbour[] Pair(double first, double second) => [new(0, first), new(1, second)];

    private static float[][] Vectors(int count, int size, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => Enumerable.Range(0, size).Select(_ => random.NextSingle()).ToArray())];
    }

    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b).Sum(p => Math.Pow((double)p.First - p.Second, 2)));
}
