using Nvg.Torch.Nn;

namespace Nvg.Torch.Tests.Nn;

/// <summary>The kernel of normalisation and swish, value and gradient, against libtorch's operators in float32.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class GroupNormTests
{
    private const double Epsilon = 1e-6;

    public static TheoryData<int, int, int, int, int> Shapes => new()
    {
        { 1, 32, 1, 1, 8 },
        { 2, 24, 5, 7, 8 },
        { 3, 96, 40, 33, 32 },
        { 2, 6, 3, 2, 1 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void ForwardSwish_Float32_EqualsItsComposition(int count, int channels, int height, int width, int groups) =>
        Compare(ScalarType.Float32, count, channels, height, width, groups, tolerance: 2e-6);

    [Theory, MemberData(nameof(Shapes))]
    public void ForwardSwish_BFloat16_EqualsItsCompositionToItsPrecision(int count, int channels, int height, int width, int groups) =>
        Compare(ScalarType.BFloat16, count, channels, height, width, groups, tolerance: 6e-3);

    [Fact]
    public void GroupNormSwish_GroupsThatDoNotDivide_AreRefused()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Zeros([1, 6, 2, 2], ScalarType.BFloat16).ChannelsLast(), ones = Tensor.Full([6], 1);
        Assert.ThrowsAny<TorchException>(() => Functional.GroupNormSwish(x, 4, ones, ones, Epsilon));
    }

    [Fact]
    public void GroupNormSwish_OtherLayout_IsRefused()
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Zeros([1, 6, 2, 2]), ones = Tensor.Full([6], 1);
        Assert.ThrowsAny<TorchException>(() => Functional.GroupNormSwish(x, 2, ones, ones, Epsilon));
    }

    private static void Compare(ScalarType type, int count, int channels, int height, int width, int groups, double tolerance)
    {
        using var scope = new TensorScope();
        using var random = new Generator(1);
        using var store = new ParameterStore();
        var norm = new GroupNorm(new ParameterPath(store, ParameterSource.Random(1)), groups, channels, Epsilon);
        Tensor weight = store["weight"], bias = store["bias"];
        using (Autograd.NoGrad())
        {
            weight.AddInPlace(Tensor.Randn([channels], random));
            bias.AddInPlace(Tensor.Randn([channels], random));
        }

        Tensor x = (Tensor.Randn([count, channels, height, width], random) * 3 + 2).To(type), upstream = Tensor.Randn([count, channels, height, width], random);
        x.RequiresGrad = weight.RequiresGrad = bias.RequiresGrad = true;

        (Tensor Value, Tensor[] Gradients) actual = WithGradients(norm.ForwardSwish);
        (Tensor Value, Tensor[] Gradients) expected =
            WithGradients(input => Functional.Silu(Functional.GroupNorm(input.To(ScalarType.Float32), groups, weight, bias, Epsilon)));

        Assert.Equal(type, actual.Value.ScalarType);
        AssertClose(expected.Value, actual.Value, "value");
        foreach ((int i, string what) in new[] { (0, "input"), (1, "scale"), (2, "shift") })
            AssertClose(expected.Gradients[i], actual.Gradients[i], $"gradient of the {what}");

        (Tensor, Tensor[]) WithGradients(Func<Tensor, Tensor> function)
        {
            Tensor value = function(x);
            Tensor?[] gradients = Autograd.Gradients((value.To(ScalarType.Float32) * upstream).Sum(), [x, weight, bias]);
            return (value, [.. gradients.Select(gradient => gradient!)]);
        }

        void AssertClose(Tensor wanted, Tensor got, string what)
        {
            using GradMode noGrad = Autograd.NoGrad();
            Tensor difference = got.To(ScalarType.Float32) - wanted.To(ScalarType.Float32);
            double scale = Math.Max(wanted.To(ScalarType.Float32).Square().Mean().Item(), 1e-6);
            double error = Math.Sqrt(difference.Square().Mean().Item() / scale);
            Assert.True(error <= tolerance, $"{what}: relative error {error}");
        }
    }
}
