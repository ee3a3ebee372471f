using Nvg.Torch.Nn;

namespace Nvg.Torch.Tests.Nn;

/// <summary>The bfloat16 kernel of normalisation and swish against libtorch's operators in float32.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class GroupNormTests
{
    [Theory]
    [InlineData(1, 32, 1, 1, 32)]
    [InlineData(2, 24, 5, 7, 8)]
    [InlineData(3, 96, 40, 33, 32)]
    public void ForwardSwish_BFloat16_EqualsFloat32ToItsPrecision(int count, int channels, int height, int width, int groups)
    {
        using var scope = new TensorScope();
        using var random = new Generator(1);
        using var store = new ParameterStore();
        var norm = new GroupNorm(new ParameterPath(store, ParameterSource.Random(1)), groups, channels, 1e-6);
        store["weight"].AddInPlace(Tensor.Randn([channels], random));
        store["bias"].AddInPlace(Tensor.Randn([channels], random));
        Tensor x = (Tensor.Randn([count, channels, height, width], random) * 3 + 2).To(ScalarType.BFloat16);
        Tensor expected = norm.ForwardSwish(x.To(ScalarType.Float32)), actual = norm.ForwardSwish(x);
        Assert.Equal(ScalarType.BFloat16, actual.ScalarType);
        Tensor difference = actual.To(ScalarType.Float32) - expected;
        double error = Math.Sqrt(difference.Square().Mean().Item() / expected.Square().Mean().Item());
        Assert.InRange(error, 0, 4e-3);
    }

    [Fact]
    public void ForwardSwish_WithGradients_TakesTheWayThatHasThem()
    {
        using var scope = new TensorScope();
        using var random = new Generator(2);
        using var store = new ParameterStore();
        var norm = new GroupNorm(new ParameterPath(store, ParameterSource.Random(1)), 2, 4, 1e-6);
        Tensor x = Tensor.Randn([2, 4, 3, 3], random);
        x.RequiresGrad = true;
        Tensor y = norm.ForwardSwish(x.To(ScalarType.BFloat16));
        y.To(ScalarType.Float32).Square().Sum().Backward();
        Assert.NotEqual(0, x.Grad!.Abs().Sum().Item());
    }

    [Fact]
    public void GroupNormSwish_GroupsThatDoNotDivide_AreRefused()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Zeros([1, 6, 2, 2], ScalarType.BFloat16).ChannelsLast(), ones = Tensor.Full([6], 1);
        Assert.ThrowsAny<TorchException>(() => Functional.GroupNormSwish(x, 4, ones, ones, 1e-6));
    }
}
