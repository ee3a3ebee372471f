using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Tokenizers;

/// <summary>The number of threads decides nothing: not the last bit of an image, of a latent or of a convolution.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
[Trait(TorchDoors.Trait, TorchDoors.Compiled)]
public sealed class ThreadIndependenceTests
{
    // The sizes of the shipped model: its widths change at 1 × 1 convolutions.
    private static readonly TokenizerConfig Sizes = new()
    {
        ImageSize = 32,
        BaseChannels = 32,
        ChannelMultipliers = [1, 2, 4],
        ResNetBlocks = 1,
        LatentChannels = 16,
        CodebookSize = 64,
    };

    [Fact]
    public void Decode_HundredImages_AreTheSameForAnyNumberOfThreads()
    {
        using var tokenizer = new Tokenizer(Sizes, ParameterSource.Random(1));
        using var random = new RandomGenerator(5);
        Tensor[] canvases = [.. Enumerable.Range(0, 100).Select(_ => Tensor.Randn([1, 64, 16], random))];
        AssertSame(() => [.. canvases.SelectMany(canvas =>
        {
            using Tensor image = tokenizer.Decode(canvas);
            return image.ToArray<float>();
        })]);
        foreach (Tensor canvas in canvases)
            canvas.Dispose();
    }

    [Fact]
    public void Encode_Images_HaveTheSameLatentsForAnyNumberOfThreads()
    {
        using var tokenizer = new Tokenizer(Sizes, ParameterSource.Random(2));
        using var random = new RandomGenerator(6);
        using Tensor images = Tensor.Rand([4, 3, 32, 32], random);
        AssertSame(() =>
        {
            tokenizer.Encode(images, out Tensor latent).Dispose();
            using (latent)
                return latent.ToArray<float>();
        });
    }

    [Theory]
    [InlineData(1, 128, 64, 16)]
    [InlineData(1, 640, 320, 8)]
    [InlineData(3, 64, 32, 32)]
    [InlineData(1, 7, 5, 9)]
    public void Convolution_OneByOne_IsTheMatrixProductForAnyNumberOfThreads(int count, int inputs, int outputs, int side)
    {
        using var parameters = new ParameterStore();
        var layer = new Conv2d(new ParameterPath(parameters, ParameterSource.Random(3)), inputs, outputs, 1);
        using var random = new RandomGenerator(7);
        using Tensor x = Tensor.Randn([count, inputs, side, side], random);
        AssertSame(() =>
        {
            using InferenceMode inference = Autograd.Inference();
            using Tensor y = layer.Forward(x);
            return y.ToArray<float>();
        });
        using var scope = new TensorScope();
        using GradMode noGrad = Autograd.NoGrad();
        Tensor expected = Functional.Linear(
            x.Permute(0, 2, 3, 1).To(ScalarType.Float64), parameters["weight"].Reshape(outputs, inputs).To(ScalarType.Float64),
            parameters["bias"].To(ScalarType.Float64)).Permute(0, 3, 1, 2);
        Assert.InRange((expected - layer.Forward(x).To(ScalarType.Float64)).Abs().Max().Item(), 0, 1e-5);
    }

    private static void AssertSame(Func<float[]> compute)
    {
        int before = TorchRuntime.ThreadCount;
        try
        {
            TorchRuntime.ThreadCount = 1;
            float[] one = compute();
            foreach (int threads in new[] { 2, 3, 4 })
            {
                TorchRuntime.ThreadCount = threads;
                Assert.Equal(
                    0, one.Zip(compute()).Count(p => BitConverter.SingleToInt32Bits(p.First) != BitConverter.SingleToInt32Bits(p.Second)));
            }
        }
        finally
        {
            TorchRuntime.ThreadCount = before;
        }
    }
}
