using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Pretrained;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class PerceptualDistanceTests
{
    [TorchPeerFact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_PeersWeights_GivesPeersDistanceAndGradient()
    {
        using var folder = new TemporaryFolder();
        TorchPeer.Run(TorchPeer.Script("lpips.py"), folder.Root);
        using SafetensorsFile expected = SafetensorsFile.Open(folder["results.safetensors"]);
        foreach (PerceptualBackbone backbone in Enum.GetValues<PerceptualBackbone>().Where(b => b != PerceptualBackbone.ResNet18))
        {
            using var scope = new TensorScope();
            using PerceptualDistance distance = PerceptualDistance.Load(
                backbone, folder[$"{backbone}.safetensors"], folder[$"{backbone}.lin.safetensors"]);
            Tensor a = expected[$"{backbone}.a"].Clone();
            a.RequiresGrad = true;
            Tensor values = distance.Forward(a, expected[$"{backbone}.b"]);
            AssertClose(expected[$"{backbone}.distance"], values, 1e-4);
            Tensor weighted = (values * Tensor.From([1f, 2f], 2)).Sum();
            AssertGradientClose(expected[$"{backbone}.grad"], Autograd.Gradients(weighted, [a])[0]!);
        }

        string message = Assert.Throws<NvgDataException>(() => PerceptualDistance.Load(
            PerceptualBackbone.Vgg16, folder["AlexNet.safetensors"], folder["Vgg16.lin.safetensors"])).Message;
        Assert.Contains("AlexNet.safetensors: does not hold the weights of Vgg16", message, StringComparison.Ordinal);
        message = Assert.Throws<NvgDataException>(() => PerceptualDistance.Load(
            PerceptualBackbone.AlexNet, folder["AlexNet.safetensors"], folder["Vgg16.lin.safetensors"])).Message;
        Assert.Contains("Vgg16.lin.safetensors: does not hold", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Forward_SameImages_IsZero()
    {
        using PerceptualDistance distance = Random();
        using var scope = new TensorScope();
        using var generator = new RandomGenerator(1);
        Tensor images = Tensor.Rand([2, 3, 33, 40], generator) * 2 - 1.0;
        Assert.All(distance.Forward(images, images).ToArray<float>(), d => Assert.Equal(0, d));
        Assert.All(distance.Forward(images, images.Flip(3)).ToArray<float>(), d => Assert.True(Math.Abs(d) > 1e-6));
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Forward_FeaturesAllZero_HasAFiniteGradient()
    {
        // Weights of zero make features of zero: the root of their length has no gradient, and NaN times zero is NaN.
        using var distance = PerceptualDistance.From(PerceptualBackbone.AlexNet, new ZeroSource(), ParameterSource.Random(2));
        using var scope = new TensorScope();
        using var generator = new RandomGenerator(1);
        Tensor image = Tensor.Rand([1, 3, 64, 64], generator), other = Tensor.Rand([1, 3, 64, 64], generator);
        image.RequiresGrad = true;
        Assert.All(Autograd.Gradients(distance.Forward(image, other).Sum(), [image])[0]!.ToArray<float>(), g => Assert.Equal(0, g));
    }

    private static PerceptualDistance Random() =>
        PerceptualDistance.From(PerceptualBackbone.SqueezeNet, ParameterSource.Random(1), ParameterSource.Random(2));

    private static void AssertClose(Tensor expected, Tensor actual, double share)
    {
        (double[] errors, double scale) = Errors(expected, actual);
        Assert.True(errors.Max() <= share * scale, $"error {errors.Max():G3} of values around {scale:G3}");
    }

    // A ReLU whose input is zero but for rounding, or a pool over two such values, may switch between two implementations of a convolution.
    // That moves the gradient inside its receptive field, and nowhere else.
    private static void AssertGradientClose(Tensor expected, Tensor actual)
    {
        (double[] errors, double scale) = Errors(expected, actual);
        Assert.InRange(Math.Sqrt(errors.Average(v => v * v)), 0, 0.02 * scale);
        Assert.InRange(errors.Count(error => error > 1e-3 * scale), 0, 0.05 * errors.Length);
    }

    private static (double[] Errors, double Scale) Errors(Tensor expected, Tensor actual)
    {
        float[] e = expected.ToArray<float>(), a = actual.ToArray<float>();
        Assert.Equal(e.Length, a.Length);
        return ([.. e.Zip(a, (x, y) => (double)Math.Abs(x - y))], Math.Sqrt(e.Average(v => (double)v * v)));
    }

    private sealed class ZeroSource : ParameterSource
    {
        public override Tensor Get(string name, long[] shape, Initialization initialization) => Tensor.Zeros(shape);
    }
}
