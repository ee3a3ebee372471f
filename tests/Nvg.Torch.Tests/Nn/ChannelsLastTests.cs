namespace Nvg.Torch.Tests.Nn;

/// <summary>Operators of networks give the same values whatever the layout of their input in memory.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public class ChannelsLastTests
{
    private static readonly Dictionary<string, Func<Tensor, Tensor>> Operations = new()
    {
        ["pad"] = x => Functional.PadZeros(x, 3, 2, 3, 2),
        ["one-sided pad"] = x => Functional.PadZeros(x, 1, 0, 1, 0),
        ["max pool"] = x => Functional.MaxPool(x, 3, stride: 2),
        ["relu"] = Functional.Relu,
        ["mean"] = x => x.Mean([2, 3]),
        ["flip"] = x => x.Flip(1),
        ["scale"] = x => (x + 1.0) * 127.5,
        ["convolution"] = x => Functional.Conv2d(x, Weight(8, (int)x.Size(1), 3), null, 1, 1),
        ["strided convolution"] = x => Functional.Conv2d(x, Weight(8, (int)x.Size(1), 3).ChannelsLast(), null, 2),
        ["wide convolution"] = x => Functional.Conv2d(x, Weight(64, (int)x.Size(1), 7).ChannelsLast(), null, 2),
        ["point convolution"] = x => Functional.Conv2d(x, Weight(16, (int)x.Size(1), 1).ChannelsLast(), null, 2),
        ["nearest"] = x => Functional.UpsampleNearest(x, 2),
    };

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (string name in Operations.Keys)
            {
                cases.Add(name, 3);
                cases.Add(name, 64);
            }

            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Operation_ChannelsLast_GivesTheValuesOfTheContiguousInput(string operation, int channels)
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor x = Tensor.Randn([2, channels, 32, 32], random);
        float[] expected = Operations[operation](x).ToArray<float>(), actual = Operations[operation](x.ChannelsLast()).ToArray<float>();
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 1e-3f));
    }

    private static Tensor Weight(int outputs, int inputs, int side)
    {
        using var random = new RandomGenerator(4);
        return Tensor.Randn([outputs, inputs, side, side], random);
    }
}
