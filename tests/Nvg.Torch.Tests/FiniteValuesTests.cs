namespace Nvg.Torch.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class FiniteValuesTests
{
    public static TheoryData<ScalarType> FloatingTypes { get; } =
        [ScalarType.Float16, ScalarType.BFloat16, ScalarType.Float32, ScalarType.Float64];

    [Theory]
    [MemberData(nameof(FloatingTypes))]
    public void FirstOtherRow_NaNOrInfinite_IsItsRow(ScalarType type)
    {
        foreach (float bad in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity })
        {
            using var scope = new TensorScope();
            float[] values = new float[12];
            values[7] = bad;
            Tensor rows = Tensor.From(values, 4, 3).To(type);
            Assert.False(FiniteValues.AreAll(rows));
            Assert.Equal(2, FiniteValues.FirstOtherRow(rows));
            Assert.Equal(1, FiniteValues.CountOther(rows));
        }
    }

    [Theory]
    [MemberData(nameof(FloatingTypes))]
    public void AreAll_LargeValuesWhoseSumOverflows_IsTrue(ScalarType type)
    {
        using var scope = new TensorScope();
        double largest = type == ScalarType.Float16 ? 60000 : type == ScalarType.Float64 ? 1.7e308 : 3e38;
        Tensor values = Tensor.Full([64], largest, type);
        Assert.True(FiniteValues.AreAll(values));
        Assert.Null(FiniteValues.FirstOtherRow(values));
    }

    [Fact]
    public void AreAll_InfinitiesThatCancel_IsFalse()
    {
        using Tensor values = Tensor.From([float.PositiveInfinity, float.NegativeInfinity], 2);
        Assert.False(FiniteValues.AreAll(values));
    }

    [Fact]
    public void AreAll_NothingToCount_IsTrue()
    {
        using Tensor empty =
            Tensor.Zeros([0, 3]), whole = Tensor.Zeros([3], ScalarType.Int64), shape = Tensor.Empty([3], device: Device.Meta);
        Assert.All([empty, whole, shape], tensor => Assert.True(FiniteValues.AreAll(tensor)));
    }
}
