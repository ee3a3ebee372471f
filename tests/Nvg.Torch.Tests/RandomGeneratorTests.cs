namespace Nvg.Torch.Tests;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class RandomGeneratorTests
{
    // python3 -c "import torch; g = torch.Generator().manual_seed(42); print(torch.randn(20, generator=g).tolist())", torch 1.13.0
    private static readonly float[] Normal20 =
    [
        1.9269152879714966f, 1.4872840642929077f, 0.9007171988487244f, -2.1055209636688232f, -0.7581311464309692f,
        1.078317642211914f, 0.8008005619049072f, 1.680620551109314f, 0.3558599054813385f, -0.6866229772567749f,
        -0.4933563470840454f, 0.2414877861738205f, -0.2316243201494217f, 0.041759490966796875f, -0.2515752911567688f,
        0.859858512878418f, -0.3097267746925354f, -0.3957104980945587f, 0.8034093979374965f, -0.6215953826904297f,
    ];

    // The same with randn(5): below 16 numbers PyTorch draws one by one, another stream.
    private static readonly float[] Normal5 = [0.33669036626815796f, 0.12880940735340118f, 0.23446236550807953f, 0.23033303022384644f, -1.1228563785552979f];

    // The same with rand(5).
    private static readonly float[] Uniform5 = [0.8822692632675171f, 0.9150039553642273f, 0.38286375999450684f, 0.9593056440353394f, 0.3904482126235962f];

    [Fact]
    public void Draw_Seed42_EqualsPyTorch()
    {
        AssertDraws(Normal20, g => Tensor.Randn([20], g));
        AssertDraws(Normal5, g => Tensor.Randn([5], g));
        AssertDraws(Uniform5, g => Tensor.Rand([5], g));
    }

    [Fact]
    public void Draw_OtherGenerators_DoNotDisturb()
    {
        using var scope = new TensorScope();
        using var first = new RandomGenerator(7);
        float[] alone = [.. Tensor.Rand([3], first).ToArray<float>(), .. Tensor.Rand([3], first).ToArray<float>()];
        using var second = new RandomGenerator(7);
        using var other = new RandomGenerator(8);
        float[] mixed = Tensor.Rand([3], second).ToArray<float>();
        Tensor.Rand([100], other);
        mixed = [.. mixed, .. Tensor.Rand([3], second).ToArray<float>()];
        Assert.Equal(alone, mixed);
    }

    [Fact]
    public void Seed_AllBits_Count()
    {
        using var scope = new TensorScope();
        ulong[] seeds = [0, 1, 1UL << 31, 1UL << 32, ulong.MaxValue];
        string[] draws = [.. seeds.Select(seed =>
        {
            using var generator = new RandomGenerator(seed);
            return Convert.ToHexString(generator.GetState());
        })];
        Assert.Equal(seeds.Length, draws.Distinct().Count());
    }

    [Fact]
    public void SetState_NotAState_ThrowsAndKeepsTheStream()
    {
        using var scope = new TensorScope();
        using var generator = new RandomGenerator(42);
        Assert.ThrowsAny<TorchException>(() => generator.SetState(new byte[10]));
        Assert.Equal(Normal5, Tensor.Randn([5], generator).ToArray<float>());
    }

    private static void AssertDraws(float[] expected, Func<RandomGenerator, Tensor> draw)
    {
        using var generator = new RandomGenerator(42);
        using Tensor drawn = draw(generator);
        // The vectorised logarithm and cosine of other processors may differ in the last bits.
        Assert.Equal(expected, drawn.ToArray<float>(), (a, b) => Math.Abs(a - b) <= 1e-6f * Math.Max(1, Math.Abs(a)));
    }
}
