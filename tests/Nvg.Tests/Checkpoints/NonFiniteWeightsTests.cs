using Nvg.Checkpoints;
using Nvg.Classifiers;
using Nvg.Conversion;
using Nvg.Generators;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Checkpoints;

/// <summary>Weights that are NaN, infinite or overflow never become an image: the tensor or the part is named.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class NonFiniteWeightsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("tokenizer", "decoder.conv_out.conv.weight", float.NaN, ScalarType.Float32)]
    [InlineData("tokenizer", "decoder.conv_out.conv.bias", float.PositiveInfinity, ScalarType.Float32)]
    [InlineData("tokenizer", "quantize.embedding.weight", float.NaN, ScalarType.Float32)]
    [InlineData("tokenizer", "quantize.quant_resi.2.weight", float.NaN, ScalarType.BFloat16)]
    [InlineData("tokenizer", "encoder.conv_in.conv.weight", float.NegativeInfinity, ScalarType.Float32)]
    [InlineData("generator", "structure_embed.weight", float.NaN, ScalarType.Float32)]
    [InlineData("generator", "content_blocks.1.linear1.weight", float.PositiveInfinity, ScalarType.BFloat16)]
    [InlineData("generator", "scale_factors", float.NaN, ScalarType.Float32)]
    public void Load_OneValueIsNotFinite_NamesTheTensor(string file, string name, float bad, ScalarType type)
    {
        Save("model", type);
        Spoil($"model/{file}.safetensors", name, bad);
        foreach (ScalarType? asked in new ScalarType?[] { ScalarType.Float32, ScalarType.BFloat16, null })
        {
            string message = Assert.Throws<NvgDataException>(() => NvgModel.Load(_folder["model"], type: asked)).Message;
            Assert.Contains($"{file}.safetensors: parameter '{name}' has 1 values of", message, StringComparison.Ordinal);
            Assert.Contains("NaN or infinite", message, StringComparison.Ordinal);
        }

        string converted = Assert.Throws<NvgDataException>(
            () => CheckpointConversion.ToCheckpoint(_folder["model"], _folder["x.pth"])).Message;
        Assert.Contains($"{name}: 1 of ", converted, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["x.pth"]));
    }

    [Fact]
    public void Load_ValuesTooLargeForTheType_SaysSo()
    {
        Save("model");
        Spoil("model/generator.safetensors", "content_embed.weight", float.MaxValue);
        string message = Assert.Throws<NvgDataException>(() => NvgModel.Load(_folder["model"], type: ScalarType.BFloat16)).Message;
        Assert.Contains("'content_embed.weight' has values too large for BFloat16", message, StringComparison.Ordinal);
        NvgModel.Load(_folder["model"]).Dispose();
    }

    [Fact]
    public void ToFolder_BrokenCheckpoint_NamesTensorsAndWritesNothing()
    {
        Save("model");
        CheckpointConversion.ToCheckpoint(_folder["model"], _folder["x.pth"]);
        using (PyTorchFile file = PyTorchFile.Open(_folder["x.pth"]))
        {
            using var scope = new TensorScope();
            Dictionary<string, Tensor> tensors = file.ToDictionary(p => p.Key, p => p.Value.Clone());
            tensors["nvgformer.content_embed.bias"] = tensors["nvgformer.content_embed.bias"] * double.NaN;
            tensors["decoder.conv_in.conv.bias"] = tensors["decoder.conv_in.conv.bias"] * double.PositiveInfinity;
            PyTorchFile.Write(_folder["y.pth"], tensors, file.Scalars);
        }

        using CheckpointFiles files = CheckpointFiles.Open([_folder["y.pth"]]);
        string message = Assert.Throws<NvgDataException>(() => CheckpointConversion.ToFolder(files, _folder["out"], new())).Message;
        Assert.Contains("decoder.conv_in.conv.bias", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["out"]));
    }

    [Fact]
    public void LoadedNetworks_BrokenWeights_AreNamed()
    {
        var config = new ClassifierModelConfig
        {
            Name = "c",
            Classifier = new ClassifierConfig { ImageSize = 8, ClassCount = 2, WhiteningChannels = 8, BlockChannels = [8] },
        };
        using (var network = new ImageClassifier(config.Classifier, ParameterSource.Random(1)))
            ClassifierModel.Save(_folder["classifier"], config, network.Parameters, ["a", "b"]);
        Spoil("classifier/classifier.safetensors", "head.weight", float.NaN);
        Assert.Contains("'head.weight'", Assert.Throws<NvgDataException>(() => ClassifierModel.Load(_folder["classifier"])).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("decoder.conv_out.conv.weight", "decoder")]
    [InlineData("quantize.quant_resi.0.weight", "quantizer in stage 0")]
    public void Generate_FiniteWeightsThatOverflow_NameThePartAndTheSeed(string name, string part)
    {
        using NvgModel model = TinyModels.Random();
        Fill(model.Tokenizer.Parameters[name], 3e38);
        AssertRefused(model, part);
    }

    [Theory]
    [InlineData("cls_head.linear.weight", "content generator in stage")]
    [InlineData("content_blocks.0.linear2.weight", "content generator in stage 0")]
    [InlineData("x0_head.linear.weight", "content generator in stage 0")]
    [InlineData("structure_embed.weight", "structure generator in stage 0")]
    public void Generate_GeneratorThatOverflows_NamesThePartAndTheStage(string name, string part)
    {
        using NvgModel model = TinyModels.Random();
        Fill(model.Generator.Parameters[name], 3e38);
        AssertRefused(model, part);
    }

    [Fact]
    public void Generate_GivenImagesOfTheBatch_AreNotBlamed()
    {
        using NvgModel model = TinyModels.Random();
        GeneratedImage whole = model.Generate(new GenerationRequest { Images = [new ImageRequest(0) { Seed = 4 }] }).Single();
        Fill(model.Generator.Parameters["cls_head.linear.weight"], 3e38);
        ImageRequest[] images = [new(0) { Seed = 4, Given = whole.Sequence }, new(1) { Seed = 77 }];
        string message = Assert.Throws<NvgDataException>(() => model.Generate(new GenerationRequest { Images = images }).ToList()).Message;
        Assert.StartsWith("the image of seed 77: ", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Reconstruct_PartsThatOverflow_AreNamed()
    {
        RgbImage[] images = [new RgbImage(8, 8)];
        foreach ((string name, string part) in new[] { ("encoder.conv_out.conv.weight", "encoder"), (
            "decoder.conv_in.conv.weight", "decoder") })
        {
            using Tokenizer tokenizer = Tiny.Tokenizer();
            Fill(tokenizer.Parameters[name], 3e38);
            Assert.Contains($"values of the {part} are not finite", Assert.Throws<NvgDataException>(
                () => Reconstruction.Run(tokenizer, images)).Message, StringComparison.Ordinal);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static void AssertRefused(NvgModel model, string part)
    {
        var request = new GenerationRequest { Images = [new ImageRequest(0) { Seed = 41 }] };
        string message = Assert.Throws<NvgDataException>(() => model.Generate(request).ToList()).Message;
        Assert.StartsWith($"the image of seed 41: the values of the {part}", message, StringComparison.Ordinal);
        Assert.Contains(" are not finite", message, StringComparison.Ordinal);
    }

    private static void Fill(Tensor parameter, double value)
    {
        using Tensor filled = Tensor.Full(parameter.Shape.ToArray(), value);
        using GradMode noGrad = Autograd.NoGrad();
        parameter.CopyFrom(filled);
    }

    private void Save(string folder, ScalarType type = ScalarType.Float32)
    {
        TokenizerConfig sizes = Tiny.TokenizerSizes;
        using Tokenizer tokenizer = Tiny.Tokenizer(sizes);
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        var config =
            new ModelConfig { Name = "tiny", Tokenizer = sizes, Generator = Tiny.GeneratorSizes, Sampling = new() { StructureSteps = 2 } };
        NvgModel.Save(_folder[folder], config, tokenizer.Parameters, generator.Parameters, ["a", "b", "c"], type);
    }

    // One value in the middle of a tensor, through the format's own writer.
    private void Spoil(string file, string name, float value)
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors;
        using (SafetensorsFile stored = SafetensorsFile.Open(_folder[file]))
            tensors = stored.ToDictionary(p => p.Key, p => p.Value.Clone());
        Tensor spoilt = tensors[name];
        float[] values = spoilt.To(ScalarType.Float32).ToArray<float>();
        values[values.Length / 2] = value;
        tensors[name] = Tensor.From(values, spoilt.Shape.ToArray()).To(spoilt.ScalarType);
        SafetensorsFile.Write(_folder[file], tensors);
    }
}
