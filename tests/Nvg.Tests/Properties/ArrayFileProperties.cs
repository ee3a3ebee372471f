using CsCheck;
using Nvg.Imaging.Npz;
using Nvg.Torch.Files.Npy;

namespace Nvg.Tests.Properties;

public class ArrayFileProperties
{
    private static readonly Gen<int[]> Shape = Gen.Int[1, 5].Array[1, 3];

    [Fact]
    public void LabelMaps_WrittenAndRead_AreTheSame() =>
        (from shape in Shape
         from labels in Gen.Int[0, int.MaxValue].Array[Count(shape)]
         select (shape, labels)).Sample(c =>
    {
        using var folder = new TemporaryFolder();
        long[] sides = Array.ConvertAll(c.shape, side => (long)side);
        NpyArray.WriteLabelMaps(folder["labels.npy"], c.labels, sides);
        Assert.Equal(c.labels, NpyArray.ReadLabelMaps(folder["labels.npy"], out IReadOnlyList<long> shape));
        Assert.Equal(sides, shape);
    }, iter: 50, threads: 1);

    [Fact]
    public void Npz_WrittenAndRead_HasTheSameArrays() => Arrays.Sample(arrays =>
    {
        using var folder = new TemporaryFolder();
        Dictionary<string, NpyArray> named = arrays.Index().ToDictionary(a => $"array_{a.Index}", a => a.Item);
        NpzFile.Write(folder["arrays.npz"], named);
        using NpzFile file = NpzFile.Open(folder["arrays.npz"]);
        Assert.Equal(named.Keys, file.Names);
        Assert.All(named, pair => AssertSame(pair.Value, file.Read(pair.Key)));
    }, iter: 50, threads: 1);

    private static Gen<NpyArray[]> Arrays =>
        (from shape in Shape
         from kind in Gen.Int[0, 2]
         from bytes in Gen.Byte.Array[Count(shape)]
         from numbers in Gen.Double.Array[Count(shape)]
         let sides = Array.ConvertAll(shape, side => (long)side)
         select kind switch
         {
             0 => NpyArray.Of(bytes, sides),
             1 => NpyArray.Of(Array.ConvertAll(numbers, n => (float)n), sides),
             _ => NpyArray.Of(numbers, sides),
         }).Array[1, 4];

    private static void AssertSame(NpyArray expected, NpyArray actual)
    {
        Assert.Equal((expected.Element, string.Join(",", expected.Shape)), (actual.Element, string.Join(",", actual.Shape)));
        Assert.True(expected.Bytes.SequenceEqual(actual.Bytes), "elements differ");
    }

    private static int Count(int[] shape) => shape.Aggregate(1, (product, side) => product * side);
}
