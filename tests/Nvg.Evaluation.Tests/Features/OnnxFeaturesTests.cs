using System.Text;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Torch;

namespace Nvg.Evaluation.Tests.Features;

/// <summary>Networks of two or three operations, whose features are means that can be computed by hand.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class OnnxFeaturesTests : IDisposable
{
    private static readonly OnnxFeatureOptions Plain = new() { Normalization = OnnxNormalization.Unit, Side = 4 };

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData(OnnxNormalization.ImageNet, 0.485, 0.229, 0.406, 0.225)]
    [InlineData(OnnxNormalization.Clip, 0.48145466, 0.26862954, 0.40821073, 0.27577711)]
    [InlineData(OnnxNormalization.Half, 0.5, 0.5, 0.5, 0.5)]
    [InlineData(OnnxNormalization.Unit, 0, 1, 0, 1)]
    [InlineData(OnnxNormalization.Bytes, 0, 1 / 255.0, 0, 1 / 255.0)]
    public void Extract_Normalization_IsThatOfItsName(
        OnnxNormalization normalization, double redMean, double redStd, double blueMean, double blueStd)
    {
        Write("a.onnx", Onnx.MeanOfChannels("N", "H"));
        using OnnxFeatures network = OnnxFeatures.Load(_folder["a.onnx"], new() { Normalization = normalization, Side = 4 });
        using ImageFeatures features = Extract(network, Images(2, 4));
        double[][] means = Means(2, 4);
        for (int i = 0; i < 2; i++)
        {
            float[] row = features.Pooled_NF.ToArray<float>()[(3 * i)..(3 * i + 3)];
            Assert.Equal((means[i][0] - redMean) / redStd, row[0], 1e-3 * Math.Max(1, 1 / redStd));
            Assert.Equal((means[i][2] - blueMean) / blueStd, row[2], 1e-3 * Math.Max(1, 1 / blueStd));
        }
    }

    [Fact]
    public void Extract_AnyForm_GivesTheSameFeatures()
    {
        (string Name, byte[] Model, OnnxFeatureOptions Options)[] forms =
        [
            ("any batch", Onnx.MeanOfChannels("N", "H"), Plain),
            ("fixed size", Onnx.MeanOfChannels("N", 4), Plain with { Side = null }),
            ("one at a time", Onnx.MeanOfChannels(1, 4), Plain),
            ("channels last", Onnx.MeanOfChannelsLast(), Plain),
            ("within the network", Onnx.MeanOfChannels("N", "H"), Plain with { Output = "pooled" }),
            ("a feature map", Onnx.MeanOfChannels("N", "H"), Plain with { Output = "copy" }),
            ("other numbers", Onnx.MeanOfChannels("N", "H"), Plain with { Normalization = null, Mean = [0, 0, 0], Std = [1, 1, 1] }),
        ];
        float[] expected = [.. Means(3, 4).SelectMany(m => m).Select(m => (float)m)];
        foreach ((string name, byte[] model, OnnxFeatureOptions options) in forms)
        {
            Write("a.onnx", model);
            using OnnxFeatures network = OnnxFeatures.Load(_folder["a.onnx"], options);
            using ImageFeatures features = Extract(network, Images(3, 4));
            Assert.Equal(3, network.FeatureSize);
            Assert.All(expected.Zip(features.Pooled_NF.ToArray<float>()), p => Assert.True(Math.Abs(p.First - p.Second) < 1e-5, name));
        }
    }

    [Fact]
    public void Extract_Bgr_ExchangesRedAndBlue()
    {
        Write("a.onnx", Onnx.MeanOfChannels("N", "H"));
        using OnnxFeatures rgb = OnnxFeatures.Load(_folder["a.onnx"], Plain), bgr = OnnxFeatures.Load(
            _folder["a.onnx"], Plain with { Bgr = true });
        using ImageFeatures first = Extract(rgb, Images(1, 4)), second = Extract(bgr, Images(1, 4));
        Assert.Equal(first.Pooled_NF.ToArray<float>().Reverse(), second.Pooled_NF.ToArray<float>());
        Assert.NotEqual(rgb.Fingerprint, bgr.Fingerprint);
    }

    [Fact]
    public void Extract_Tokens_ArePooledAsAsked()
    {
        Write("a.onnx", Onnx.RowsAsTokens());
        string message = Assert.Throws<NvgDataException>(() => OnnxFeatures.Load(_folder["a.onnx"], Plain)).Message;
        Assert.Contains("has 3 vectors per image; pooling=first takes the class token", message, StringComparison.Ordinal);
        byte[] pixels = Images(1, 4);
        foreach ((OnnxPooling pooling, int planes) in new[] { (OnnxPooling.First, 1), (OnnxPooling.Mean, 3) })
        {
            using OnnxFeatures network = OnnxFeatures.Load(_folder["a.onnx"], Plain with { Pooling = pooling });
            using ImageFeatures features = Extract(network, pixels);
            // A token is a plane of one colour.
            double[] expected = [
                .. Enumerable.Range(0, 16).Select(p => Enumerable.Range(0, planes).Average(c => pixels[3 * p + c] / 255.0))];
            Assert.All(expected.Zip(features.Pooled_NF.ToArray<float>()), p => Assert.Equal(p.First, p.Second, 1e-5));
        }
    }

    [Fact]
    public void Extract_OtherSize_IsResizedWithoutMovingTheMean()
    {
        Write("a.onnx", Onnx.MeanOfChannels("N", "H"));
        byte[] grey = [.. Enumerable.Repeat((byte)90, 7 * 7 * 3)];
        foreach (OnnxResize resize in Enum.GetValues<OnnxResize>())
        {
            using OnnxFeatures network = OnnxFeatures.Load(_folder["a.onnx"], Plain with { Resize = resize, Side = 16 });
            using Tensor images = Tensor.From(grey, 1, 7, 7, 3);
            using ImageFeatures features = network.Extract(images);
            Assert.All(features.Pooled_NF.ToArray<float>(), v => Assert.Equal(90 / 255.0, v, 1e-5));
        }
    }

    [Fact]
    public void ReadOptions_FileBesideTheNetwork_IsUsedAndReplaced()
    {
        Write("a.onnx", Onnx.MeanOfChannels("N", "H"));
        File.WriteAllText(_folder["a.onnx.json"], """{ "name": "means", "normalization": "imageNet", "side": 8, "pooling": "mean" }""");
        OnnxFeatureOptions options = OnnxFeatures.ReadOptions(_folder["a.onnx"], ["side=4", "normalization=unit"]);
        Assert.Equal(("means", 4, OnnxNormalization.Unit), (options.Name, options.Side, options.Normalization));
        using OnnxFeatures network = OnnxFeatures.Load(_folder["a.onnx"]);
        Assert.Equal("Fréchet distance (features of means)", FrechetDistanceMetric.Pooled.Name(network, 50_000, 50_000));
        Assert.Contains("8 × 8", network.Preprocessing, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("side=4", "normalization (imageNet, clip, half, unit or bytes) or mean and std must be given")]
    [InlineData("normalization=unit", "takes images of any size; name one: side=224")]
    [InlineData("normalization=unit side=4 mean=[0,0,0] std=[1,1,1]", "only one of them")]
    [InlineData("side=4 mean=[0,0,0]", "mean and std are given together")]
    [InlineData("side=4 mean=[0,0,0] std=[1,0,1]", "greater than zero")]
    [InlineData("normalization=unit side=4 output=none", "cannot be used by ONNX Runtime")]
    [InlineData("normalization=unit side=4 input=none", "has no input 'none'; its inputs are image")]
    [InlineData("normalization=unit side=4 name=Inception-2015", "whose metrics have their own names")]
    [InlineData("normalization=imagenet2 side=4", "normalization must be one of imageNet, clip, half, unit, bytes")]
    [InlineData("normalisation=unit", "there is no setting 'normalisation'")]
    public void Load_SettingsThatDoNotFit_AreNamed(string settings, string words)
    {
        Write("a.onnx", Onnx.MeanOfChannels("N", "H"));
        string message = Assert.Throws<NvgDataException>(
            () => OnnxFeatures.Load(_folder["a.onnx"], OnnxFeatures.ReadOptions(_folder["a.onnx"], settings.Split(' '))).Dispose()).Message;
        Assert.Contains(words, message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', message);
    }

    [Theory]
    [InlineData("version https://git-lfs.github.com/spec/v1\n", "is a Git LFS pointer")]
    [InlineData("<html>", "is a web page")]
    [InlineData("", "is empty")]
    [InlineData("hello", "cannot be used by ONNX Runtime")]
    public void Load_FileThatIsNoNetwork_SaysWhatItIs(string content, string words)
    {
        File.WriteAllText(_folder["a.onnx"], content);
        string message = Assert.Throws<NvgDataException>(() => OnnxFeatures.Load(_folder["a.onnx"], Plain).Dispose()).Message;
        Assert.StartsWith($"{_folder["a.onnx"]}: {words}", message, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private static ImageFeatures Extract(OnnxFeatures network, byte[] pixels)
    {
        using Tensor images = Tensor.From(pixels, pixels.Length / (4 * 4 * 3), 4, 4, 3);
        return network.Extract(images);
    }

    private static byte[] Images(int count, int side) =>
        [.. Enumerable.Range(0, count * side * side * 3).Select(i => (byte)(i * 37 % 251))];

    private static double[][] Means(int count, int side)
    {
        byte[] pixels = Images(count, side);
        int length = side * side * 3;
        return [.. Enumerable.Range(0, count).Select(n => Enumerable.Range(0, 3)
            .Select(c => Enumerable.Range(0, side * side).Average(p => pixels[n * length + 3 * p + c] / 255.0)).ToArray())];
    }

    private void Write(string name, byte[] model) => File.WriteAllBytes(_folder[name], model);

    /// <summary>ONNX files by hand: ModelProto, GraphProto, NodeProto and ValueInfoProto of the specification.</summary>
    private static class Onnx
    {
        internal static byte[] MeanOfChannels(object batch, object side) => Model(
            [batch, 3L, side, side], ["features", batch, 3L],
            Node("Identity", "image", "copy"), Node("GlobalAveragePool", "copy", "pooled"), Node("Flatten", "pooled", "features"));

        internal static byte[] MeanOfChannelsLast() => Model(
            ["N", "H", "W", 3L], ["features", "N", 3L],
            Node("ReduceMean", "image", "features", Integers("axes", 1, 2), Integer("keepdims", 0)));

        // N × 3 × 4 × 4 → N × 3 × 16: reshaped by a constant.
        internal static byte[] RowsAsTokens() => Model(
            ["N", 3L, 4L, 4L], ["features", "N", 3L, 16L],
            Node("Constant", null, "shape", Bytes(
                5, Text(1, "value"), Bytes(5, Varint(1, 3), Varint(2, 7), Bytes(9, [.. Longs(0, 3, 16)])), Varint(20, 4))),
            Bytes(1, Text(1, "image"), Text(1, "shape"), Text(2, "features"), Text(4, "Reshape")));

        private static byte[] Model(object[] input, object[] output, params byte[][] nodes) =>
        [
            .. Varint(1, 8), .. Bytes(8, Varint(2, 13)),
            .. Bytes(7, [.. nodes, Text(2, "graph"), Value(11, "image", input), Value(12, (string)output[0], output[1..])]),
        ];

        private static byte[] Node(string type, string? input, string output, params byte[][] attributes) =>
            Bytes(1, [.. input is null ? (byte[][])[] : [Text(1, input)], Text(2, output), Text(4, type), .. attributes]);

        private static byte[] Integers(string name, params long[] values) =>
            Bytes(5, [Text(1, name), .. values.Select(v => Varint(8, v)), Varint(20, 7)]);

        private static byte[] Integer(string name, long value) => Bytes(5, Text(1, name), Varint(3, value), Varint(20, 2));

        private static byte[] Value(int field, string name, object[] shape) => Bytes(field, Text(1, name), Bytes(2, Bytes(1,
            Varint(1, 1), Bytes(2, [.. shape.Select(d => Bytes(1, d is string text ? Text(2, text) : Varint(1, Convert.ToInt64(d))))]))));

        private static IEnumerable<byte> Longs(params long[] values) => values.SelectMany(BitConverter.GetBytes);

        private static byte[] Text(int field, string text) => Bytes(field, Encoding.UTF8.GetBytes(text));

        private static byte[] Bytes(int field, params byte[][] parts)
        {
            byte[] content = [.. parts.SelectMany(p => p)];
            return [.. Number((field << 3) | 2), .. Number(content.Length), .. content];
        }

        private static byte[] Varint(int field, long value) => [.. Number(field << 3), .. Number(value)];

        private static IEnumerable<byte> Number(long value)
        {
            for (; value >= 0x80; value >>= 7)
                yield return (byte)(value | 0x80);
            yield return (byte)value;
        }
    }
}
