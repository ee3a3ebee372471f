using Nvg.Evaluation.Steering;
using Nvg.Granularity;

namespace Nvg.Evaluation.Tests.Steering;

public class MapShapesTests
{
    private static readonly LatentGrid Grid = new(4, 4);

    [Fact]
    public void Statistics_QuartersOfColumns_FollowFromCounting()
    {
        // Columns 0…3 are the clusters of stage 2, pairs of columns those of stage 1.
        MapStatistics[] stages = Measure((row, column) => column * 4 + row);
        // 24 pairs of neighbours, 4 of them across the middle.
        Assert.Equal(4 / 24.0, stages[0].Boundary, 1e-12);
        Assert.Equal(1, stages[0].LargestComponent);
        Assert.Equal((20 - 4) / 24.0, stages[0].Autocorrelation, 1e-12);
        // Of the 20 pairs within a half, 8 lie across its columns.
        Assert.Equal(12 / 24.0, stages[1].Boundary, 1e-12);
        Assert.Equal((12 - 8) / 20.0, stages[1].Autocorrelation, 1e-12);
        Assert.Equal(1, stages[3].Boundary);
    }

    [Fact]
    public void Statistics_Checkerboard_IsAllBoundary()
    {
        MapStatistics first = Measure((row, column) => (row + column) % 2 * 8 + (row * 4 + column) / 2)[0];
        Assert.Equal((1, 1 / 8.0, -1), (first.Boundary, first.LargestComponent, first.Autocorrelation));
    }

    [Fact]
    public void Statistics_SeveralImages_AreMeans()
    {
        var shapes = new MapShapes(Grid);
        shapes.Add(Labels((row, column) => column * 4 + row));
        shapes.Add(Labels((row, column) => (row + column) % 2 * 8 + (row * 4 + column) / 2));
        Assert.Equal(2, shapes.Count);
        Assert.Equal((4 / 24.0 + 1) / 2, shapes.Statistics()[0].Boundary, 1e-12);
        Assert.Equal((1 + 1 / 8.0) / 2, shapes.Statistics()[0].LargestComponent, 1e-12);
    }

    [Fact]
    public void Add_OtherGrid_IsRefused() => Assert.Throws<ArgumentException>(() => new MapShapes(Grid).Add(new long[8]));

    private static MapStatistics[] Measure(Func<int, int, long> label)
    {
        var shapes = new MapShapes(Grid);
        shapes.Add(Labels(label));
        return [.. shapes.Statistics()];
    }

    private static long[] Labels(Func<int, int, long> label) => [.. Enumerable.Range(0, 16).Select(l => label(l / 4, l % 4))];
}
