using Nvg.Torch;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Tests;

public class TensorComparisonTests
{
    private static readonly Tolerance Loose = new(0.1, 0.01);

    [Theory]
    [InlineData(1.10, true)] // within 0.01 + 0.1 · 1
    [InlineData(1.12, false)]
    [InlineData(0.90, true)]
    [InlineData(double.NaN, false)]
    [InlineData(double.PositiveInfinity, false)]
    public void Compare_AgainstOne_KeepsTolerance(double value, bool passes) => Assert.Equal(passes, Compare([1], [value]).Passed);

    [Theory]
    [InlineData(double.NegativeInfinity, true)]
    [InlineData(double.PositiveInfinity, false)]
    [InlineData(-1e30, false)]
    [InlineData(double.NaN, false)]
    public void Compare_AgainstMinusInfinity_AllowsNothingElse(double value, bool passes) =>
        Assert.Equal(passes, Compare([double.NegativeInfinity], [value]).Passed);

    [Fact]
    public void Compare_NotANumberOnBothSides_Fails() => Assert.False(Compare([double.NaN], [double.NaN]).Passed);

    [Fact]
    public void Compare_Difference_NamesWorstPositionAndErrors()
    {
        TensorCheck check = Compare([1, 2, 4, 8], [1, 2.5, 4, 10], 2, 2);
        Assert.Equal(2, check.MaxAbsoluteError);
        Assert.Equal(0.25, check.MaxRelativeError);
        Assert.Contains("2 of 4 differ, worst at [1, 1]: 10 instead of 8", check.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_OtherShape_Fails()
    {
        using var scope = new TensorScope();
        TensorCheck check = TensorComparison.Compare("x", Tensor.Zeros([2, 3]), Tensor.Zeros([3, 2]), Loose);
        Assert.False(check.Passed);
        Assert.Contains("Float32[2, 3]", check.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_NumberStoredWithOneDimension_IsCompared()
    {
        using var scope = new TensorScope();
        Assert.True(TensorComparison.Compare("x", Tensor.From([2f], 1), Tensor.Scalar(2), Tolerance.Exact).Passed);
    }

    private static TensorCheck Compare(double[] expected, double[] actual, params long[] shape)
    {
        using var scope = new TensorScope();
        long[] sizes = shape.Length > 0 ? shape : [expected.Length];
        return TensorComparison.Compare("x", Tensor.From(expected, sizes), Tensor.From(actual, sizes), Loose);
    }
}
