using System.Runtime.Intrinsics.X86;

namespace Nvg.Torch.Tests;

/// <summary>The managed generator against the standard's number and libtorch's own generator.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class Mt19937Tests
{
    [Fact]
    public void FillUniform_TenThousandthNumber_IsTheStandards()
    {
        // C++ standard, [rand.predef]: the 10000th number of a default-constructed mt19937 (seed 5489) is 4123659995.
        float[] values = new float[10_000];
        new Mt19937(5489).FillUniform(values);
        Assert.Equal((4123659995 & 0xFFFFFF) / (float)(1 << 24), values[^1]);
    }

    [Theory]
    [InlineData(2048)]
    [InlineData(37)]
    [InlineData(16)]
    [InlineData(5)]
    public void Fill_ManySeeds_EqualsLibtorch(int count)
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            using var scope = new TensorScope();
            using var generator = new RandomGenerator(seed);
            var managed = new Mt19937(seed);
            float[] values = new float[count];
            managed.FillNormal(values);
            AssertNear(Tensor.Randn([count], generator).ToArray<float>(), values);
            managed.FillUniform(values);
            Assert.Equal(Tensor.Rand([count], generator).ToArray<float>(), values);
            double[] wide = new double[count];
            managed.FillUniform(wide);
            Assert.Equal(Tensor.Rand([count], generator, ScalarType.Float64).ToArray<double>(), wide);
        }
    }

    [Fact]
    public void SetState_OfAnother_ContinuesItsStream()
    {
        var first = new Mt19937(3);
        first.FillNormal(new float[701]);
        first.FillNormal(new float[3]);
        var second = new Mt19937(4);
        second.SetState(first.GetState());
        float[] expected = new float[20], actual = new float[20];
        first.FillNormal(expected.AsSpan(0, 3));
        second.FillNormal(actual.AsSpan(0, 3));
        first.FillNormal(expected.AsSpan(3));
        second.FillNormal(actual.AsSpan(3));
        Assert.Equal(expected, actual);

        byte[] damaged = first.GetState();
        damaged[100] ^= 1;
        Assert.Throws<TorchException>(() => second.SetState(damaged));
    }

    // libtorch's vectorised normal numbers are the same to the last bit where the processor has AVX2.
    private static void AssertNear(float[] expected, float[] actual)
    {
        float tolerance = Avx2.IsSupported && Fma.IsSupported ? 0 : 1e-6f;
        Assert.Equal(expected, actual, (a, b) => Math.Abs(a - b) <= tolerance * Math.Max(1, Math.Abs(a)));
    }
}
