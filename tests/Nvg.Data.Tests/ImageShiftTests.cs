using Nvg.Data.Datasets;
using Nvg.Data.Loading;

namespace Nvg.Data.Tests;

public sealed class ImageShiftTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(0, 0, new[] { 0, 1, 2, 3, 4, 5, 6, 7, 8 })]
    [InlineData(1, 0, new[] { 1, 2, 1, 4, 5, 4, 7, 8, 7 })]
    [InlineData(-2, 0, new[] { 2, 1, 0, 5, 4, 3, 8, 7, 6 })]
    [InlineData(0, 1, new[] { 3, 4, 5, 6, 7, 8, 3, 4, 5 })]
    [InlineData(-1, -1, new[] { 4, 3, 4, 1, 0, 1, 4, 3, 4 })]
    public void Copy_Shift_MirrorsAtTheEdge(int dx, int dy, int[] expected)
    {
        byte[] source = [.. Enumerable.Range(0, 27).Select(i => (byte)(i / 3 * 10 + i % 3))], shifted = new byte[27];
        ImageShift.Copy(source, 3, dx, dy, shifted);
        Assert.Equal(expected.SelectMany(p => Enumerable.Range(0, 3).Select(c => (byte)(p * 10 + c))), shifted);
        Assert.Throws<ArgumentOutOfRangeException>(() => ImageShift.Copy(source, 3, 3, 0, shifted));
    }

    [Fact]
    public void HeldOutSplit_EqualShares_AreTheLastOfEachClass()
    {
        Tiny.Prepare(_folder["images"], _folder["data"], perClass: 4);
        using PackedDataset data = PackedDataset.Open(_folder["data"]);
        HeldOutSplit split = HeldOutSplit.Of(data, 3);
        Assert.Equal([3, 7], split.HeldOut);
        Assert.Equal([0, 1, 2, 4, 5, 6], split.Training);
        Assert.Equal(8, HeldOutSplit.Of(data, 0).Training.Count);
        Assert.Throws<NvgDataException>(() => HeldOutSplit.Of(data, 8));
    }

    public void Dispose() => _folder.Dispose();
}
