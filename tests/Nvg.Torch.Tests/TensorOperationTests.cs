using System.Runtime.InteropServices;

namespace Nvg.Torch.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class TensorOperationTests
{
    [Fact]
    public void Arithmetic_WholeNumbers_StayWhole()
    {
        using var scope = new TensorScope();
        // Beyond 2^53, where a detour over float64 would round.
        Tensor x = Tensor.From([(1L << 60) + 1, -7, 5], 3);
        Assert.Equal([(1L << 60) + 2, -6, 6], (x + 1).ToArray<long>());
        Assert.Equal([1L << 60, -8, 4], (x - 1).ToArray<long>());
        Assert.Equal([(1L << 61) + 2, -14, 10], (x * 2).ToArray<long>());
        Assert.Equal([-(1L << 60), 8, -4], (1 - x).ToArray<long>());
        Assert.Equal([((1L << 60) + 1) / 2, -4, 2], x.FloorDivide(2).ToArray<long>());
        Assert.Equal([1, 1, 1], x.Remainder(2).ToArray<long>());
        Assert.Equal(ScalarType.Float32, (x * 2.0).ScalarType);
    }

    [Fact]
    public void Shapes_ViewsAndJoins_MatchHandComputation()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Arange(0, 24).Reshape(2, 3, 4);
        Assert.Equal([4, 2, 3], x.Permute(2, 0, 1).Shape.ToArray());
        Assert.Equal(x.ToArray<float>()[13], x.Permute(2, 0, 1).Select(0, 1).Select(0, 1).Select(0, 0).Item());
        Assert.Equal([2, 1, 3, 4], x.Unsqueeze(1).Shape.ToArray());
        Assert.Equal([2, 3, 4], x.Unsqueeze(1).Squeeze(1).Shape.ToArray());
        Assert.Equal([2, 3, 4], x.Unsqueeze(-1).Squeeze(-1).Shape.ToArray());
        Assert.Equal([1f, 3], x.Slice(2, 1, 4, 2).Narrow(0, 0, 1).Narrow(1, 0, 1).ToArray<float>());
        Assert.Equal([3f, 2, 1, 0], x.Flip(2).Select(0, 0).Select(0, 0).ToArray<float>());
        Assert.Equal([0f, 0, 1, 1], Tensor.Arange(0, 2).RepeatInterleave(2, 0).ToArray<float>());
        Assert.Equal([0f, 1, 0, 1], Tensor.Arange(0, 2).Repeat(2).ToArray<float>());
        Assert.Equal([2, 2, 3, 4], Tensor.Stack([x, x], 0).Shape.ToArray());
        Assert.Equal([2, 3, 8], Tensor.Cat([x, x], 2).Shape.ToArray());
        Assert.Equal([5, 2], Tensor.Zeros([1, 2]).Expand(5, -1).Shape.ToArray());
        Assert.Equal(4, x.Size(-1));
        Assert.Equal(24, x.ElementCount);
        Assert.False(x.Transpose(0, 2).IsContiguous);
        Assert.True(x.Transpose(0, 2).Contiguous().IsContiguous);
    }

    [Fact]
    public void Sort_EqualElements_KeepTheirOrder()
    {
        using var scope = new TensorScope();
        int[] keys = [.. Enumerable.Range(0, 1000).Select(i => (i * 7919 % 1000) / 100)];
        Tensor x = Tensor.From(Array.ConvertAll(keys, k => (float)k), keys.Length);
        long[] rising = [.. Enumerable.Range(0, 1000).OrderBy(i => keys[i]).Select(i => (long)i)];
        long[] falling = [.. Enumerable.Range(0, 1000).OrderByDescending(i => keys[i]).Select(i => (long)i)];
        Assert.Equal(rising, x.Sort(0).Indices.ToArray<long>());
        Assert.Equal(falling, x.Sort(0, descending: true).Indices.ToArray<long>());
    }

    [Fact]
    public void Scatter_OfGather_RestoresPermutedRows()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Arange(0, 12).Reshape(2, 6);
        Tensor order = Tensor.From([5L, 0, 3, 1, 4, 2, 2, 4, 1, 3, 0, 5], 2, 6);
        Tensor gathered = x.Gather(1, order);
        Assert.Equal([5f, 0, 3, 1, 4, 2, 8, 10, 7, 9, 6, 11], gathered.ToArray<float>());
        Assert.Equal(x.ToArray<float>(), Tensor.ZerosLike(x).Scatter(1, order, gathered).ToArray<float>());
        Assert.Equal([0f, 3, 3], Tensor.Zeros([3]).ScatterAdd(0, Tensor.From([1L, 2, 1], 3), Tensor.From([1f, 3, 2], 3)).ToArray<float>());
        Assert.ThrowsAny<TorchException>(() => Bad(() => x.IndexSelect(0, Tensor.From([7L], 1))));
    }

    [Fact]
    public void Index_NullDimensions_TakesAllOfThem()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Arange(0, 24).Reshape(2, 3, 4);
        Tensor index = Tensor.From([2L, 0], 2);
        Assert.Equal([2, 2, 4], x.Index(null, index).Shape.ToArray());
        Assert.Equal([8f, 9, 10, 11, 0, 1, 2, 3], x.Index(null, index).Select(0, 0).ToArray<float>());
        Assert.Equal([2f, 12], x.Index(Tensor.From([0L, 1], 2), Tensor.From([0L, 0], 2), index).ToArray<float>());
        Assert.Equal([2, 3, 2], x.Index(null, null, index).Shape.ToArray());
    }

    [Fact]
    public void Item_NotOneElement_Throws()
    {
        using Tensor many = Tensor.From([1f, 2], 2), none = Tensor.Zeros([0]), one = Tensor.From([4f], 1, 1);
        Assert.Throws<TorchArgumentException>(() => many.Item());
        Assert.Throws<TorchArgumentException>(() => none.Item());
        Assert.Equal(4, one.Item());
    }

    [Fact]
    public void CopyTo_WrongTypeOrLength_Throws()
    {
        using Tensor x = Tensor.From([1f, 2, 3], 3);
        Assert.Throws<TorchArgumentException>(() => x.ToArray<double>());
        Assert.Throws<TorchArgumentException>(() => x.CopyTo(new float[2].AsSpan()));
        Assert.Throws<TorchArgumentException>(() => x.CopyTo(new float[4].AsSpan()));
        Assert.Throws<TorchArgumentException>(() => x.CopyBytesTo(new byte[11]));
        Assert.Throws<NotSupportedException>(() => x.ToArray<decimal>());
        Assert.Throws<TorchArgumentException>(() => Tensor.From([1f, 2], 3));
        Assert.Throws<TorchArgumentException>(() => Tensor.From([1f, 2], -2));
        Assert.Throws<TorchArgumentException>(() => Tensor.FromBytes(new byte[3], ScalarType.Float32, 1));
    }

    [Fact]
    public void CopyTo_TransposedView_IsRowMajor()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([1, 2, 3, 4, 5, 6], 2, 3).Transpose(0, 1);
        Assert.Equal([1, 4, 2, 5, 3, 6], x.ToArray<int>());
        Assert.Throws<TorchArgumentException>(() => x.AsSpan<int>().Length);
    }

    [Fact]
    public void AsSpan_Write_ChangesTheTensor()
    {
        using Tensor x = Tensor.Zeros([2, 2], ScalarType.Int64);
        x.AsSpan<long>()[3] = 9;
        Assert.Equal([0L, 0, 0, 9], x.ToArray<long>());
        Assert.Throws<TorchArgumentException>(() => x.AsSpan<int>().Length);
    }

    [Fact]
    public void FromBytes_BFloat16_RoundTripsBits()
    {
        // Every bit pattern that is not NaN, through float32 and back.
        ushort[] patterns = [.. Enumerable.Range(0, 65536).Select(i => (ushort)i).Where(p => (p & 0x7F80) != 0x7F80 || (p & 0x7F) == 0)];
        byte[] bytes = MemoryMarshal.AsBytes<ushort>(patterns).ToArray();
        using Tensor x = Tensor.FromBytes(bytes, ScalarType.BFloat16, patterns.Length);
        byte[] back = new byte[bytes.Length];
        x.CopyBytesTo(back);
        Assert.Equal(bytes, back);
        using Tensor wide = x.To(ScalarType.Float32);
        Assert.Equal(patterns.Select(p => (uint)p << 16), wide.ToArray<float>().Select(BitConverter.SingleToUInt32Bits));
        using Tensor narrow = wide.To(ScalarType.BFloat16);
        narrow.CopyBytesTo(back);
        Assert.Equal(bytes, back);
    }

    [Fact]
    public void From_EveryElementType_RoundTrips()
    {
        RoundTrip<byte>([0, 255]);
        RoundTrip<sbyte>([-128, 127]);
        RoundTrip<short>([short.MinValue, 5]);
        RoundTrip<int>([int.MinValue, 5]);
        RoundTrip([long.MinValue, long.MaxValue]);
        RoundTrip([(Half)0.5, Half.MaxValue]);
        RoundTrip([float.Epsilon, float.NegativeInfinity]);
        RoundTrip([double.Epsilon, -0.0]);
        RoundTrip([true, false]);
        using Tensor empty = Tensor.From(Array.Empty<float>(), 0, 3);
        Assert.Equal([0L, 3], empty.Shape.ToArray());
        Assert.Empty(empty.ToArray<float>());
        using Tensor scalar = Tensor.From([2f]);
        Assert.Equal((0, 2.0), (scalar.Rank, scalar.Item()));

        static void RoundTrip<T>(T[] values) where T : unmanaged
        {
            using Tensor tensor = Tensor.From(values, values.Length);
            Assert.Equal(ScalarTypes.Of<T>(), tensor.ScalarType);
            Assert.Equal(values, tensor.ToArray<T>());
        }
    }

    [Fact]
    public void To_SameType_SharesMemoryWithItsOwnHandle()
    {
        Tensor x = Tensor.From([1f, 2], 2);
        using Tensor alias = x.To(ScalarType.Float32);
        x.AsSpan<float>()[0] = 5;
        x.Dispose();
        Assert.Equal([5f, 2], alias.ToArray<float>());
    }

    [Fact]
    public void Reductions_KnownValues_AreExact()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([1f, 5, 3, 4, 0, 2], 2, 3);
        Assert.Equal([9f, 6], x.Sum(1).ToArray<float>());
        Assert.Equal([3f, 2], x.Mean(1).ToArray<float>());
        Assert.Equal([2, 1], x.Mean([1], keepDimension: true).Shape.ToArray());
        Assert.Equal(3.5, x.Variance().Item(), 1e-6);
        Assert.Equal(35.0 / 12, x.Variance(unbiased: false).Item(), 1e-6);
        Assert.Equal([1L, 0], x.ArgMax(1).ToArray<long>());
        Assert.Equal([1L, 1, 0], Tensor.From([1f, 0, 0, 0, -1, 4], 2, 3).ArgMin(0).ToArray<long>());
        Assert.Equal([1f, 6, 9, 4, 4, 6], x.CumulativeSum(1).ToArray<float>());
        Assert.Equal([5f, 3, 4, 2], x.TopK(2, 1).Values.ToArray<float>());
        Assert.Equal([1L, 0, 2, 0], Tensor.From([0L, 2, 2], 3).BinCount(4).ToArray<long>());
        Assert.Equal([0L, 1, 0, 0], Tensor.From([1L], 1).OneHot(4).ToArray<long>());
        Assert.Equal(1, x.Softmax(1).Select(0, 1).Sum().Item(), 1e-6);
        Assert.Equal((5, 0), (x.Max().Item(), x.Min().Item()));
    }

    [Fact]
    public void Where_MasksAndComparisons_MatchHandComputation()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.From([1f, float.NaN, 3, float.PositiveInfinity], 4);
        Assert.Equal([true, false, true, false], x.IsFinite().ToArray<bool>());
        Assert.Equal([1f, 0, 3, 0], x.IsFinite().Where(x, Tensor.Zeros([4])).ToArray<float>());
        Assert.Equal([-1f, -1, 3, -1],
            x.MaskedFill(x.IsGreater(2).Where(x.IsLess(5), x.IsFinite()).IsEqual(0), -1).MaskedFill(x.IsLess(2), -1).ToArray<float>());
        Assert.Equal([2f, 3], Tensor.From([1f, 3], 2).Clamp(2, null).ToArray<float>());
        Assert.Equal([1f, 2], Tensor.From([1f, 3], 2).Clamp(null, 2).ToArray<float>());
        Assert.Equal(0, x.IsFinite().All().Item());
    }

    [Theory]
    [InlineData("cpu", DeviceType.Cpu, -1)]
    [InlineData("cuda", DeviceType.Cuda, 0)]
    [InlineData("cuda:3", DeviceType.Cuda, 3)]
    public void Parse_Device_ReadsWhatToStringWrites(string text, DeviceType type, int index)
    {
        Assert.Equal(new Device(type, index), Device.Parse(text));
        Assert.Equal(Device.Parse(text), Device.Parse(Device.Parse(text).ToString()));
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda: 1")]
    public void Parse_NoDevice_Throws(string text) => Assert.Throws<FormatException>(() => Device.Parse(text));

    [Fact]
    public void Meta_LargeShapes_NeedNoMemory()
    {
        using Tensor x = Tensor.Empty([1 << 20, 1 << 20], device: Device.Meta);
        using Tensor y = x.Select(0, 5);
        Assert.Equal((1L << 40, 1L << 20), (x.ElementCount, y.ElementCount));
        Assert.ThrowsAny<TorchException>(() => y.ToArray<float>().Length);
    }

    // Tensors of a call that fails belong to this scope.
    private static void Bad(Action action)
    {
        using var scope = new TensorScope();
        action();
    }

    [Fact]
    public void SymmetricEigen_Matrix_IsTakenApart()
    {
        using var scope = new TensorScope();
        Tensor matrix = Tensor.From([2.0, 1, 0, 1, 3, -1, 0, -1, 4], 3, 3);
        (Tensor values, Tensor vectors) = matrix.SymmetricEigen();
        double[] rebuilt = (vectors * values).Matmul(vectors.Transpose(0, 1)).Contiguous().ToArray<double>();
        Assert.All(rebuilt.Zip(matrix.ToArray<double>()), pair => Assert.Equal(pair.Second, pair.First, 1e-12));
        Assert.Equal([2, 3, 4], matrix.Diagonal().Contiguous().ToArray<double>());
        Assert.Equal(values.ToArray<double>().Order(), values.ToArray<double>());
    }

    [Fact]
    public void MaxPool_OverlappingSquares_ReachBeyondTheEdgeWhereAsked()
    {
        using var scope = new TensorScope();
        Tensor input = Tensor.From([.. Enumerable.Range(0, 36).Select(i => (float)i)], 1, 1, 6, 6);
        Assert.Equal([7, 9, 11, 19, 21, 23, 31, 33, 35], Functional.MaxPool(input, 2).ToArray<float>());
        Assert.Equal([14, 16, 26, 28], Functional.MaxPool(input, 3, stride: 2).ToArray<float>());
        Assert.Equal([14, 16, 17, 26, 28, 29, 32, 34, 35], Functional.MaxPool(input, 3, stride: 2, ceiling: true).ToArray<float>());
        Assert.Equal(7, Functional.MaxPool(input, 3, stride: 1, padding: 1).ToArray<float>()[0]);
    }
}
