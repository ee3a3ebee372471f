using Nvg.Evaluation.Features;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Evaluation.Tests.Features;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class Inception2015Tests
{
    [TorchPeerFact]
    public void Extract_PeersWeights_GivesPeersFeatures()
    {
        using var folder = new TemporaryFolder();
        TorchPeer.Run(TorchPeer.Script("inception2015.py"), folder.Root);
        using SafetensorsFile weights =
            SafetensorsFile.Open(folder["weights.safetensors"]), expected = SafetensorsFile.Open(folder["results.safetensors"]);
        foreach ((ImageResize resize, string name) in new[] { (ImageResize.TensorFlow1, "tf1"), (ImageResize.PyTorch, "pytorch") })
        {
            using Inception2015 network = Inception2015.From(weights, "weights", resize);
            using Tensor input = InceptionInput.Prepare(expected["images"], resize);
            using ImageFeatures features = network.Extract(expected["images"]);
            AssertClose(expected[$"{name}.input"], input, 2e-6);
            AssertClose(expected[$"{name}.pooled"], features.Pooled_NF, 1e-4);
            AssertClose(expected[$"{name}.spatial"], features.Spatial_NS!, 1e-4);
            AssertClose(expected[$"{name}.logits"], features.Logits_NC!, 1e-4);
            Assert.Equal((network.FeatureSize, network.SpatialFeatureSize, network.ClassCount), (
                (int)features.Pooled_NF.Size(1), (int)features.Spatial_NS!.Size(1), (int)features.Logits_NC!.Size(1)));
        }

        RefusesForeignWeights(weights, expected);
        FeaturesDoNotDependOnTheBatch(weights, expected["images"]);
    }

    [Theory]
    [InlineData(4, new double[] { 0, 50, 100, 100 })]
    [InlineData(3, new double[] { 0, 66.666666666666, 100 })]
    [InlineData(2, new double[] { 0, 100 })]
    [InlineData(1, new double[] { 0 })]
    public void Bilinear_TwoPixels_FollowsTensorFlow1(int side, double[] expected)
    {
        // Places 0, 2/side, 4/side, …: no shift of half a pixel, and past the last pixel it repeats.
        using Tensor row = Tensor.From([0f, 100f], 1, 1, 1, 2);
        using Tensor resized = InceptionInput.Bilinear(row, side);
        Assert.Equal(expected, resized.ToArray<float>().Take(side).Select(v => (double)v), (a, b) => Math.Abs(a - b) < 1e-4);
    }

    [Fact]
    public void Bicubic_WorkedByHand_IsTheSame()
    {
        // Enlarging 2 to 4: place 0.25, taps at distances 0.25 and 1.25: 0.8671875 and −0.0703125 before normalisation.
        using Tensor two = Tensor.From([0f, 100f], 1, 1, 1, 2);
        using Tensor enlarged = InceptionInput.Bicubic(two, 4);
        Assert.Equal(100 * -0.0703125 / (0.8671875 - 0.0703125), enlarged.ToArray<float>()[0], 1e-4);
        // Shrinking 4 to 2: the kernel is twice as wide, distances 0.25, 0.25, 0.75 and 1.25.
        using Tensor four = Tensor.From([8f, 16f, 32f, 64f], 1, 1, 1, 4);
        using Tensor shrunk = InceptionInput.Bicubic(four, 2);
        double[] taps = [0.8671875, 0.8671875, 0.2265625, -0.0703125];
        Assert.Equal(taps.Zip([8, 16, 32, 64], (t, v) => t * v).Sum() / taps.Sum(), shrunk.ToArray<float>()[0], 1e-4);
    }

    [Theory]
    [InlineData(ImageResize.TensorFlow1)]
    [InlineData(ImageResize.Clean)]
    [InlineData(ImageResize.PyTorch)]
    public void Prepare_OwnSize_OnlyScales(ImageResize resize)
    {
        byte[] pixels = new byte[InceptionInput.Side * InceptionInput.Side * 3];
        new Random(1).NextBytes(pixels);
        using Tensor images = Tensor.From(pixels, 1, InceptionInput.Side, InceptionInput.Side, 3);
        using Tensor input = InceptionInput.Prepare(images, resize);
        using Tensor rows = input.Permute(0, 2, 3, 1);
        float[] expected = Array.ConvertAll(pixels, p => resize == ImageResize.PyTorch ? 2 * p / 255f - 1 : (p - 128) / 128f);
        Assert.Equal(expected, rows.ToArray<float>(), (a, b) => Math.Abs(a - b) < 1e-5);
    }

    private static void RefusesForeignWeights(SafetensorsFile weights, SafetensorsFile results)
    {
        var missing = weights.Where(w => w.Key != "Mixed_7a.branch3x3_1.bn.running_var").ToDictionary();
        Assert.Contains("Mixed_7a.branch3x3_1.bn.running_var' is missing", Assert.Throws<NvgDataException>(
            () => Inception2015.From(missing, "a file")).Message, StringComparison.Ordinal);
        Assert.StartsWith("a file: does not have", Assert.Throws<NvgDataException>(
            () => Inception2015.From(results, "a file")).Message, StringComparison.Ordinal);
        var more = weights.Append(KeyValuePair.Create("AuxLogits.fc.weight", results["images"])).ToDictionary();
        Assert.Contains("unexpected parameter 'AuxLogits.fc.weight'", Assert.Throws<NvgDataException>(
            () => Inception2015.From(more, "a file")).Message, StringComparison.Ordinal);
    }

    private static void FeaturesDoNotDependOnTheBatch(SafetensorsFile weights, Tensor images)
    {
        using var scope = new TensorScope();
        using Inception2015 network = Inception2015.From(weights, "weights"), clean = Inception2015.From(
            weights, "weights", ImageResize.Clean);
        using ImageFeatures both = network.Extract(images), second = network.Extract(images.Narrow(0, 1, 1));
        AssertClose(both.Pooled_NF.Narrow(0, 1, 1), second.Pooled_NF, 1e-5);
        Assert.NotEqual(network.Fingerprint, clean.Fingerprint);
    }

    private static void AssertClose(Tensor expected, Tensor actual, double share)
    {
        float[] e = expected.ToArray<float>(), a = actual.ToArray<float>();
        Assert.Equal(e.Length, a.Length);
        double scale = Math.Sqrt(e.Average(v => (double)v * v)), error = e.Zip(a, (x, y) => Math.Abs(x - y)).Max();
        Assert.True(error <= share * scale, $"error {error:G3} of values around {scale:G3}");
    }
}
