using Nvg.Torch.Nn;

namespace Nvg.Torch.Tests.Nn;

/// <summary>The kernel of normalisation and swish, value and gradient, against libtorch's operators in float32.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public class GroupNormTests
{
    private const double Epsilon = 1e-6;

    public static TheoryData<int, int, int, int, int> Shapes => new()
    {
        { 1, 32, 1, 1, 8 },
        { 2, 24, 5, 7, 8 },
        { 3, 96, 40, 33, 32 },
        { 2, 6, 3, 2, 1 },
        { 1, 3, 9, 31, 3 },
        { 2, 48, 17, 16, 4 },
        { 9, 8, 23, 25, 2 },
        { 2, 73, 61, 63, 1 },
    };

    [Theory, MemberData(nameof(Shapes))]
    public void ForwardSwish_Float32_EqualsItsComposition(int count, int channels, int height, int width, int groups) =>
        Compare(ScalarType.Float32, count, channels, height, width, groups, tolerance: 2e-6);

    [Theory, MemberData(nameof(Shapes))]
    public void ForwardSwish_BFloat16_EqualsItsCompositionToItsPrecision(int count, int channels, int height, int width, int groups) =>
        Compare(ScalarType.BFloat16, count, channels, height, width, groups, tolerance: 6e-3);

    [Fact]
    public void GroupNormSwish_MeanFarBeyondTheDeviation_KeepsItsPrecision()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(3);
        Tensor x = (Tensor.Randn([2, 8, 40, 20], random) + 3000).ChannelsLast(), scale = Tensor.Full([8], 1.5f),
            shift = Tensor.Full([8], 0.5f);

        Tensor actual = Functional.GroupNormSwish(x, 2, scale, shift, Epsilon);

        Tensor expected = Functional.Silu(Functional.GroupNorm(
            x.To(ScalarType.Float64), 2, scale.To(ScalarType.Float64), shift.To(ScalarType.Float64), Epsilon));
        double error = (actual.To(ScalarType.Float64) - expected).Abs().Max().Item();
        Assert.True(error < 2e-3, $"largest error {error}");
    }

    [Theory]
    [InlineData(0, 4)]
    [InlineData(3, 0)]
    public void GroupNormSwish_WithoutPixels_IsEmpty(int height, int count)
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Zeros([count, 6, height, 2]).ChannelsLast(), ones = Tensor.Full([6], 1);
        Assert.Equal(x.Shape.ToArray(), Functional.GroupNormSwish(x, 2, ones, ones, Epsilon).Shape.ToArray());
    }

    // Enough images to be divided among the threads, and one whose parts are.
    [Theory]
    [InlineData(ScalarType.Float32, 14)]
    [InlineData(ScalarType.BFloat16, 14)]
    [InlineData(ScalarType.Float32, 1)]
    [InlineData(ScalarType.BFloat16, 1)]
    public void GroupNormSwish_AnyNumberOfThreads_GivesTheSameBits(ScalarType type, int count)
    {
        using var scope = new TensorScope();
        int before = TorchRuntime.ThreadCount;
        try
        {
            TorchRuntime.ThreadCount = 1;
            Tensor[] alone = ValueAndGradients();
            TorchRuntime.ThreadCount = 3;
            Tensor[] together = ValueAndGradients();
            foreach ((Tensor one, Tensor other) in alone.Zip(together))
                Assert.Equal(0, (one - other).Abs().Max().Item());
        }
        finally
        {
            TorchRuntime.ThreadCount = before;
        }

        Tensor[] ValueAndGradients()
        {
            using var random = new RandomGenerator(5);
            Tensor x = Tensor.Randn([count, 24, 31, 33], random).To(type).ChannelsLast(),
                upstream = Tensor.Randn([count, 24, 31, 33], random);
            Tensor scale = Tensor.Randn([24], random), shift = Tensor.Randn([24], random);
            x.RequiresGrad = scale.RequiresGrad = shift.RequiresGrad = true;
            Tensor value = Functional.GroupNormSwish(x, 8, scale, shift, Epsilon);
            Tensor?[] gradients = Autograd.Gradients((value.To(ScalarType.Float32) * upstream).Sum(), [x, scale, shift]);
            return [value.Detach(), .. gradients.Select(gradient => gradient!)];
        }
    }

    [Theory]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NaN)]
    public void GroupNormSwish_NotFinite_IsNotHidden(float value)
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Full([1, 2, 3, 5], value).ChannelsLast(), ones = Tensor.Full([2], 1);
        foreach (ScalarType type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
            Assert.True(double.IsNaN(Functional.GroupNormSwish(x.To(type), 1, ones, ones, Epsilon).To(ScalarType.Float32).Sum().Item()));
    }

    [Theory]
    [InlineData(200)]
    [InlineData(-200)]
    [InlineData(-60)]
    public void GroupNormSwish_FarFromZero_EqualsItsLimit(float shift)
    {
        using var scope = new TensorScope();
        Tensor x = Tensor.Full([1, 2, 3, 5], 1).ChannelsLast(), shifts = Tensor.Full([2], shift);
        double value = Functional.GroupNormSwish(x, 1, Tensor.Full([2], 1), shifts, Epsilon).Mean().Item();
        double expected = shift / (1 + Math.Exp(-(double)shift));
        Assert.Equal(expected, value, Math.Max(Math.Abs(expected) * 1e-5, 1e-30));
    }

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
        using var random = new RandomGenerator(1);
        using var store = new ParameterStore();
        var norm = new GroupNorm(new ParameterPath(store, ParameterSource.Random(1)), groups, channels, Epsilon);
        Tensor weight = store["weight"], bias = store["bias"];
        using (Autograd.NoGrad())
        {
            weight.AddInPlace(Tensor.Randn([channels], random));
            bias.AddInPlace(Tensor.Randn([channels], random));
        }

        Tensor x = (Tensor.Randn([count, channels, height, width], random) * 3 + 2).To(type),
            upstream = Tensor.Randn([count, channels, height, width], random);
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
