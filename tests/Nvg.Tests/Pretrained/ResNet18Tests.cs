using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Pretrained;
using Nvg.Torch;
using Tensor = Nvg.Torch.Tensor;

namespace Nvg.Tests.Pretrained;

/// <summary>The network of the NuGet package, compared with ONNX Runtime.</summary>
[Collection(RunsAlone.Name), NoTensorLeaks]
public class ResNet18Tests
{
    private static readonly ResNet18Files Files = ResNet18Files.Locate(ResNet18Package.Folder);

    [Fact]
    public void Pooled_RandomImages_GivesTheFeaturesOfOnnxRuntime()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        using ResNet18 network = ResNet18.Load(Files);
        // Fine noise over coarse noise, so that all frequencies occur.
        Tensor fine_NCHW = Tensor.Rand([2, 3, ResNet18.Side, ResNet18.Side], random) * 0.5;
        Tensor coarse_NCHW = Functional.UpsampleNearest(Tensor.Rand([2, 3, 7, 7], random), 32) * 1.5;
        Tensor images_NCHW = fine_NCHW + coarse_NCHW - 1.0;
        float[] actual = network.Pooled(images_NCHW).ToArray<float>(), expected = Expected((images_NCHW + 1.0) * 127.5);
        Assert.Equal(2 * ResNet18.FeatureSize, expected.Length);
        Assert.True(expected.Max() > 1 && expected.Min() >= 0);
        double largest = expected.Max();
        Assert.All(expected.Zip(actual), pair => Assert.InRange(Math.Abs(pair.First - pair.Second), 0, 1e-4 * largest));
    }

    [Fact]
    public void Features_SmallImages_HaveTheDocumentedShapes()
    {
        using var scope = new TensorScope();
        using ResNet18 network = ResNet18.Load(Files);
        Tensor[] maps = network.Features(network.Normalize(Tensor.Zeros([1, 3, 64, 64])));
        string[] expected = ["1,64,32,32", "1,64,16,16", "1,128,8,8", "1,256,4,4", "1,512,2,2"];
        Assert.Equal(expected, maps.Select(m => string.Join(',', m.Shape.ToArray())));
    }

    [Fact]
    public void Distance_EqualImages_IsZero()
    {
        using ResNet18Distance distance = ResNet18Distance.Load(ResNet18Package.Folder);
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor image = Tensor.Rand([1, 3, 32, 32], random) * 2 - 1.0;
        Assert.Equal(0, distance.Forward(image, image).Item());
    }

    [Fact]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Distance_Gradient_IsTheFiniteDifference()
    {
        using ResNet18Distance distance = ResNet18Distance.Load(ResNet18Package.Folder);
        using var scope = new TensorScope();
        using var random = new RandomGenerator(2);
        Tensor a = Tensor.Rand([1, 3, 32, 32], random) * 2 - 1.0, b = Tensor.Rand([1, 3, 32, 32], random) * 2 - 1.0;
        a.RequiresGrad = true;
        Tensor gradient = Autograd.Gradients(distance.Forward(a, b).Sum(), [a])[0]!;
        // Along the gradient the slope is its length, and a small step crosses few corners of the ReLUs.
        double slope = Math.Sqrt(gradient.Square().Sum().Item());
        Tensor direction = gradient / slope;
        using GradMode noGrad = Autograd.NoGrad();
        const double Step = 1e-2;
        double after = distance.Forward(a + direction * Step, b).Item(), before = distance.Forward(a - direction * Step, b).Item();
        double difference = (after - before) / (2 * Step);
        Assert.InRange(slope, difference - 0.03 * Math.Abs(difference), difference + 0.03 * Math.Abs(difference));
        Assert.True(Math.Abs(difference) > 1e-4);
    }

    [Fact]
    public void Extract_TwoImages_DoesNotDependOnTheBatch()
    {
        using var network = ResNet18Features.Load(ResNet18Package.Folder);
        using var scope = new TensorScope();
        byte[] pixels = [.. Enumerable.Range(0, 2 * 16 * 16 * 3).Select(i => (byte)(i * 37 % 256))];
        Tensor images_NHWC = Tensor.From(pixels, 2, 16, 16, 3);
        using ImageFeatures both = network.Extract(images_NHWC), second = network.Extract(images_NHWC.Narrow(0, 1, 1));
        float[] secondOfBoth = both.Pooled_NF.ToArray<float>()[ResNet18.FeatureSize..];
        Assert.All(secondOfBoth.Zip(second.Pooled_NF.ToArray<float>()), p => Assert.Equal(p.First, p.Second, 4));
        string metric = FrechetDistanceMetric.Pooled.Name(network, 50_000, 50_000);
        Assert.Equal("Fréchet distance (features of ResNet-18 (ImageNet))", metric);
    }

    [Fact]
    public void Locate_FolderWithoutTheFiles_SaysWhichFolderIsNeeded()
    {
        using var folder = new TemporaryFolder();
        string message = Assert.Throws<NvgDataException>(() => ResNet18Files.Locate(folder.Root)).Message;
        Assert.Contains("give the folder tools/DnnImageModels", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_AnotherNetwork_IsRefused()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder["ResNet18Onnx"]);
        Directory.CreateDirectory(folder["ResNetPrepOnnx"]);
        File.Copy(Files.Preprocessing, folder["ResNet18Onnx/ResNet18.onnx"]);
        File.Copy(Files.Preprocessing, folder["ResNetPrepOnnx/ResNetPreprocess.onnx"]);
        string message = Assert.Throws<NvgDataException>(() => ResNet18.Load(new ResNet18Files(folder.Root))).Message;
        Assert.Contains("has 0 convolutions", message, StringComparison.Ordinal);
    }

    // Preprocessing and network as the package has them; both take one image at a time.
    private static float[] Expected(Tensor bytes_NCHW)
    {
        using var preprocessing = new InferenceSession(Files.Preprocessing);
        using var network = new InferenceSession(Files.Network);
        return [.. Enumerable.Range(0, (int)bytes_NCHW.Size(0)).SelectMany(i =>
        {
            float[] values = bytes_NCHW.Narrow(0, i, 1).ToArray<float>();
            var input = new DenseTensor<float>(values, [1, 3, ResNet18.Side, ResNet18.Side]);
            using var prepared = preprocessing.Run([NamedOnnxValue.CreateFromTensor("OriginalInput", input)]);
            using var features = network.Run([NamedOnnxValue.CreateFromTensor("Input247", prepared[0].AsTensor<float>())]);
            return features[0].AsTensor<float>().ToArray();
        })];
    }
}
