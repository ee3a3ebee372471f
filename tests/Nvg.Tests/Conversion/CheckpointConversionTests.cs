using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Conversion;
using Nvg.Generators;
using Nvg.Generators.Blocks;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.PyTorch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Tests.Conversion;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class CheckpointConversionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Model => _folder["model"];

    [Fact]
    public void ToFolder_PublishedParameters_LoadsWithEveryValue()
    {
        using var scope = new TensorScope();
        using var random = new RandomGenerator(1);
        // rope_ids is a table that the model computes.
        Dictionary<string, Tensor> generator = Values(PublishedShapes.Generator, "", random), tokenizer = Values(
            PublishedShapes.Autoencoder, "", random);
        foreach (string name in generator.Keys.Where(n => n.StartsWith("projector.", StringComparison.Ordinal)).ToList())
            generator.Remove(name);
        generator["rope_ids"] = new RotaryEmbedding(new LatentGrid(16, 16), 64).PositionIds();
        foreach ((string name, Tensor tensor) in Values(PublishedShapes.Quantizer, "quantize.", random))
            tokenizer.Add(name, tensor);
        PyTorchFile.Write(_folder["ae.ckpt"], tokenizer);
        PyTorchFile.Write(_folder["gen.ckpt"], Prefixed("nvgformer.", generator));
        Convert(["ae.ckpt", "gen.ckpt"]);
        using NvgModel model = NvgModel.Load(Model);
        Assert.All(generator, p => AssertEqual(p.Key, p.Value, model.Generator.Parameters[p.Key]));
        Assert.All(tokenizer, p => AssertEqual(p.Key, p.Value, model.Tokenizer.Parameters[p.Key]));
        Assert.Equal(
            (2, 64, 10, 128),
            (model.Config.Generator!.Depth, model.Config.Generator.HeadSize, model.Config.Generator.ClassCount,
            model.Config.Generator.CodebookSize));
        Assert.Equal(["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"], model.Labels);
    }

    [Fact]
    public void InferredSizes_EveryConfig_ComesBack()
    {
        GeneratorConfig wide =
            Tiny.Generator(new LatentGrid(2, 8)) with { Depth = 4, StructureWidthDivisor = 4, MlpRatio = 3, HeadSize = 48, ClassCount = 7 };
        GeneratorConfig[] generators =
            [Tiny.GeneratorSizes, wide, Tiny.Generator(new LatentGrid(1, 2)), Tiny.Generator(new LatentGrid(8, 8))];
        foreach (GeneratorConfig sizes in generators)
        {
            using var generator = new NvgGenerator(sizes, ParameterSource.Random(1));
            Assert.Equal(sizes, Inferred(CheckpointPartKind.Generator, generator.Parameters, InferredSizes.Generator));
        }

        TokenizerConfig deep = Tiny.TokenizerSizes with
        {
            BaseChannels = 32,
            NormGroups = 32,
            ChannelMultipliers = [1, 3, 2],
            ImageSize = 32,
            ResNetBlocks = 3,
            CodebookSize = 5,
        };
        TokenizerConfig[] tokenizers =
            [Tiny.TokenizerSizes with { BaseChannels = 32, NormGroups = 32 }, deep, deep with { ImageSize = 4 }];
        foreach (TokenizerConfig sizes in tokenizers)
        {
            using var tokenizer = new Tokenizer(sizes, ParameterSource.Random(1));
            Assert.Equal(
                NvgJson.Write(sizes), NvgJson.Write(Inferred(CheckpointPartKind.Tokenizer, tokenizer.Parameters, InferredSizes.Tokenizer)));
        }
    }

    [Fact]
    public void CountParameters_Presets_AreThePapers()
    {
        // Content and structure, in millions: paper, table 1.
        foreach ((
            ModelConfig preset, int content, int structure) in new[] { (Presets.NvgD16, 255, 64), (Presets.NvgD20, 497, 125),
            (Presets.NvgD24, 856, 215) })
        {
            using var generator = new NvgGenerator(preset.Generator!, ParameterSource.Meta());
            Dictionary<string, long> counts = CheckpointConversion.CountParameters(new ParameterStore(), generator.Parameters);
            Assert.Equal((content, structure), ((int)Math.Round(counts["content"] / 1e6), (int)Math.Round(counts["structure"] / 1e6)));
        }
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void ToCheckpoint_AndBack_IsTheSameModel(ScalarType type)
    {
        SaveTiny(_folder["first"], type: type);
        ConversionReport report = CheckpointConversion.ToCheckpoint(_folder["first"], _folder["x.pth"]);
        Assert.Equal(2, report.Sources.Count);
        Convert(["x.pth"]);
        foreach (string file in new[] { "config.json", "labels.txt", "tokenizer.safetensors", "generator.safetensors" })
            Assert.Equal(File.ReadAllBytes(_folder[$"first/{file}"]), File.ReadAllBytes(Path.Combine(Model, file)));
        using PyTorchFile written = PyTorchFile.Open(_folder["x.pth"]);
        Assert.Contains("nvgformer.content_blocks.0.linear1.weight", written.Keys);
        Assert.Contains("encoder.conv_in.conv.weight", written.Keys);
    }

    [Fact]
    public void ToFolder_TokenizerAlone_IsAModelWithoutGenerator()
    {
        SaveTiny(Model);
        SaveTiny(_folder["first"], withGenerator: false);
        CheckpointConversion.ToCheckpoint(_folder["first"], _folder["x.pth"]);
        ConversionReport report = Convert(["x.pth"]);
        using NvgModel model = NvgModel.Load(Model);
        Assert.False(model.HasGenerator);
        Assert.Null(report.Generator);
        Assert.False(File.Exists(Path.Combine(Model, "generator.safetensors")));
        Assert.Equal(["encoder", "decoder", "quantizer"], report.Parameters.Keys);
    }

    [Fact]
    public void ToFolder_Averages_AreTakenAsAsked()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> parts = TinyTensors();
        var both = new Dictionary<string, Tensor>(parts);
        foreach ((string name, Tensor tensor) in parts.Where(
            p => !p.Key.EndsWith("rope_ids", StringComparison.Ordinal) && !p.Key.EndsWith("scale_factors", StringComparison.Ordinal)))
            both["ema_model." + name] = tensor + 1;
        PyTorchFile.Write(_folder["both.ckpt"], both);
        PyTorchFile.Write(_folder["plain.ckpt"], parts);
        Assert.All(Convert(["both.ckpt"]).Sources, s => Assert.True(s.Averaged));
        AssertHolds(1);
        Convert(["both.ckpt"], new ConversionOptions { Weights = WeightChoice.Averaged });
        AssertHolds(1);
        Assert.All(Convert(["both.ckpt"], new ConversionOptions { Weights = WeightChoice.Plain }).Sources, s => Assert.False(s.Averaged));
        AssertHolds(0);
        Assert.All(Convert(["plain.ckpt"]).Sources, s => Assert.False(s.Averaged));
        AssertHolds(0);
        AssertRefused(
            ["plain.ckpt"], new ConversionOptions { Weights = WeightChoice.Averaged }, "only plain weights", "choose the plain weights");

        void AssertHolds(double added)
        {
            using NvgModel model = NvgModel.Load(Model);
            AssertEqual("scale_factors", parts["nvgformer.scale_factors"], model.Generator.Parameters["scale_factors"]);
            foreach (string name in new[] { "encoder.conv_in.conv.weight", "nvgformer.content_embed.weight" })
            {
                ParameterStore store = name[0] == 'n' ? model.Generator.Parameters : model.Tokenizer.Parameters;
                using Tensor expected = parts[name] + added;
                AssertEqual(name, expected, store[name.Replace("nvgformer.", "", StringComparison.Ordinal)]);
            }
        }
    }

    [Fact]
    public void ToFolder_WhatOnlyTrainingNeeds_IsLeftOut()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        string[] others =
        [
            "loss.discriminator.w", "total_visited_codes", "first_stage_model.encoder.conv_in.conv.weight", "repa_encoder.w",
            "nvgformer.projector.0.weight", "ema_model.loss.w",
        ];
        foreach (string name in others)
            tensors[name] = Tensor.Zeros([2]);
        SafetensorsFile.Write(_folder["x.safetensors"], tensors);
        Convert(["x.safetensors"]);
        NvgModel.Load(Model).Dispose();
    }

    [Fact]
    public void ToFolder_BareNamesInSafetensors_AreRead()
    {
        SaveTiny(_folder["first"], normGroups: 32);
        Convert(["first/tokenizer.safetensors", "first/generator.safetensors"]);
        foreach (string file in new[] { "tokenizer.safetensors", "generator.safetensors" })
            Assert.Equal(File.ReadAllBytes(_folder[$"first/{file}"]), File.ReadAllBytes(Path.Combine(Model, file)));
    }

    [Fact]
    public void ToFolder_BFloat16_RoundsMatricesButNotCodesOrVectors()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        PyTorchFile.Write(_folder["x.ckpt"], tensors);
        Convert(["x.ckpt"], new ConversionOptions { Type = ScalarType.BFloat16 });
        using SafetensorsFile generator = SafetensorsFile.Open(
            Path.Combine(Model, "generator.safetensors")), tokenizer = SafetensorsFile.Open(Path.Combine(Model, "tokenizer.safetensors"));
        Assert.Equal(ScalarType.Float32, tokenizer["quantize.embedding.weight"].ScalarType);
        Assert.Equal(ScalarType.Float32, generator["content_embed.bias"].ScalarType);
        Assert.Equal(ScalarType.BFloat16, generator["content_embed.weight"].ScalarType);
        AssertEqual("rounded", tensors["nvgformer.content_embed.weight"].To(ScalarType.BFloat16), generator["content_embed.weight"]);
    }

    [Fact]
    public void ToFolder_WrongTensors_AreListed()
    {
        Refuse(t => t.Remove("nvgformer.scale_factors"), "1 missing (scale_factors)");
        Refuse(
            t => { t.Remove("encoder.norm_out.norm.bias"); t.Remove("decoder.conv_out.conv.bias"); },
            "2 missing (encoder.norm_out.norm.bias, decoder.conv_out.conv.bias)");
        Refuse(t => t[
            "nvgformer.x0_head.linear.bias"] = Tensor.Zeros([5]), "1 with a different shape or type (x0_head.linear.bias is [5], not [4])");
        Refuse(t => t["nvgformer.x0_head.linear.bias"] = Tensor.Zeros([4], ScalarType.Int64), "x0_head.linear.bias is Int64");
        Refuse(t => t["nvgformer.more"] = Tensor.Zeros([5]), "1 unexpected (more)", "--allow-unexpected");
        Refuse(t => t["stray"] = Tensor.Zeros([5]), "1 tensors that belong to no part of a model (stray)", "--allow-unexpected");
        Refuse(t => t["nvgformer.rope_ids"] = t["nvgformer.rope_ids"] + 0.5, "rope_ids");
        Refuse(t => t.Remove("nvgformer.content_start_embed"), "no tensor 'content_start_embed'");
        Refuse(t => t["nvgformer.content_start_embed"] = Tensor.Zeros([16, 4]), "2 dimensions, not 3");
        Refuse(t => t["nvgformer.cls_head.linear.weight"] = Tensor.Zeros([17, 4]), "disagree");
        Refuse(t => t["scale_factors"] = Tensor.Zeros([5]), "are the same tensor");
        Refuse(t => t.Remove("quantize.quant_resi.4.weight"), "missing");
        Refuse(t => t["encoder.down.1.block.0.conv1.conv.weight"] = Tensor.Zeros([50, 32, 3, 3]), "multiples of 32 are needed");
        Assert.False(Directory.Exists(Model));

        void Refuse(Action<Dictionary<string, Tensor>> change, params string[] words)
        {
            using var scope = new TensorScope();
            Dictionary<string, Tensor> tensors = TinyTensors();
            change(tensors);
            PyTorchFile.Write(_folder["x.ckpt"], tensors);
            AssertRefused(["x.ckpt"], new ConversionOptions(), words);
        }
    }

    [Fact]
    public void ToFolder_UnexpectedTensors_AreLeftOutWhereAllowed()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        tensors["stray"] = tensors["nvgformer.more"] = Tensor.Zeros([5]);
        PyTorchFile.Write(_folder["x.ckpt"], tensors);
        Convert(["x.ckpt"], new ConversionOptions { AllowUnexpected = true });
        NvgModel.Load(Model).Dispose();
    }

    [Fact]
    public void ToFolder_Labels_ComeFromTheFileOrAreNumbers()
    {
        using var scope = new TensorScope();
        PyTorchFile.Write(_folder["x.ckpt"], TinyTensors());
        Convert(["x.ckpt"]);
        Assert.Equal(["0", "1", "2"], File.ReadAllLines(Path.Combine(Model, "labels.txt")));
        File.WriteAllLines(_folder["names.txt"], ["a", "b c", "d"]);
        Convert(["x.ckpt"], new ConversionOptions { LabelsFile = _folder["names.txt"] });
        Assert.Equal(["a", "b c", "d"], File.ReadAllLines(Path.Combine(Model, "labels.txt")));
        File.WriteAllLines(_folder["names.txt"], ["a"]);
        AssertRefused(["x.ckpt"], new ConversionOptions { LabelsFile = _folder["names.txt"] }, "names.txt", "1 classes", "3");
        AssertRefused(["x.ckpt"], new ConversionOptions { LabelsFile = _folder["none.txt"] }, "none.txt");
    }

    [Fact]
    public void ToFolder_StoredLabelsWithControlCharacters_AreRefused()
    {
        using var scope = new TensorScope();
        Dictionary<string, Tensor> tensors = TinyTensors();
        foreach (string labels in new[] { "a\nb\rc\nd", "a\nb\u001b[2J\nd" })
        {
            PyTorchFile.Write(_folder["x.ckpt"], tensors, new Dictionary<string, object> { ["nvg_labels"] = labels });
            AssertRefused(["x.ckpt"], new ConversionOptions(), "nvg_labels", "class 1", "control character");
        }

        Assert.False(Directory.Exists(Model));
    }

    [Fact]
    public void ToCheckpoint_FolderThatIsNoModel_IsRefused()
    {
        SaveTiny(_folder["first"]);
        File.Move(_folder["first/generator.safetensors"], _folder["generator"]);
        Refuse("generator.safetensors: does not exist");
        using (Tensor tensor = Tensor.Zeros([1]))
            SafetensorsFile.Write(_folder["first/generator.safetensors"], new Dictionary<string, Tensor> { ["scale_factors"] = tensor });
        Refuse("missing");
        Refuse("model folder not found", "none");
        Assert.False(File.Exists(_folder["x.pth"]));

        void Refuse(string words, string folder = "first") =>
            Assert.Contains(words, Assert.Throws<NvgDataException>(
                () => CheckpointConversion.ToCheckpoint(_folder[folder], _folder["x.pth"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToFolder_Preset_RefusesOtherSizes()
    {
        using var scope = new TensorScope();
        PyTorchFile.Write(_folder["x.ckpt"], TinyTensors());
        AssertRefused(["x.ckpt"], new ConversionOptions { Preset = Presets.NvgD16 }, "not those of nvg-d16", "depth is 2, not 16");
    }

    [Fact]
    public void ToFolder_DamagedTensor_LeavesNoModel()
    {
        using (var scope = new TensorScope())
            PyTorchFile.Write(_folder["x.ckpt"], TinyTensors());
        byte[] bytes = File.ReadAllBytes(_folder["x.ckpt"]);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(_folder["x.ckpt"], bytes);
        AssertRefused(["x.ckpt"], new ConversionOptions(), "damaged", "archive/data/");
        Assert.False(Directory.Exists(Model));
    }

    [Fact]
    public void Open_FilesThatMakeNoModel_AreRefused()
    {
        SaveTiny(_folder["first"]);
        Assert.Contains("both hold a tokenizer", Assert.Throws<ArgumentException>(() => CheckpointFiles.Open(
            [_folder["first/tokenizer.safetensors"], _folder["first/tokenizer.safetensors"]])).Message, StringComparison.Ordinal);
        Assert.Contains("no tokenizer", Assert.Throws<ArgumentException>(
            () => CheckpointFiles.Open([_folder["first/generator.safetensors"]])).Message, StringComparison.Ordinal);
        using (Tensor tensor = Tensor.Zeros([1]))
            PyTorchFile.Write(_folder["other.pth"], new Dictionary<string, Tensor> { ["fc.weight"] = tensor });
        AssertRefused(["other.pth"], new ConversionOptions(), "none of its 1 tensors");
        AssertRefused(["none.pth"], new ConversionOptions(), "does not exist");
        File.WriteAllText(_folder["text.pth"], "not a checkpoint");
        AssertRefused(["text.pth"], new ConversionOptions(), "neither a safetensors nor a PyTorch file");
    }

    [TorchPeerFact]
    public void ToFolder_LightningCheckpoints_HaveEveryValue()
    {
        TorchPeer.Run(TorchPeer.Script("official_checkpoint.py"), "write", _folder.Root);
        Convert(["ae.ckpt", "gen.ckpt"]);
        Assert.Contains("generator: 59 tensors equal", TorchPeer.Run(
            TorchPeer.Script("official_checkpoint.py"), "compare", _folder.Root, Model), StringComparison.Ordinal);
        Convert(["gen.ckpt", "ae.ckpt"], new ConversionOptions { Weights = WeightChoice.Plain });
        Assert.Contains("tokenizer: 287 tensors equal", TorchPeer.Run(
            TorchPeer.Script("official_checkpoint.py"), "compare", _folder.Root, Model, "--plain"), StringComparison.Ordinal);
        NvgModel.Load(Model).Dispose();
    }

    public void Dispose() => _folder.Dispose();

    private ConversionReport Convert(string[] files, ConversionOptions? options = null)
    {
        using CheckpointFiles opened = CheckpointFiles.Open(Array.ConvertAll(files, f => _folder[f]));
        return CheckpointConversion.ToFolder(opened, Model, options ?? new ConversionOptions());
    }

    private void AssertRefused(string[] files, ConversionOptions options, params string[] words)
    {
        string message = Assert.Throws<NvgDataException>(() => Convert(files, options)).Message;
        Assert.All(words, w => Assert.Contains(w, message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', message);
        Assert.Contains(_folder.Root, message, StringComparison.Ordinal);
    }

    private T Inferred<T>(CheckpointPartKind kind, ParameterStore parameters, Func<CheckpointPart, T> infer)
    {
        string path = _folder["sizes.safetensors"];
        SafetensorsFile.Write(path, parameters);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        return infer(new CheckpointPart(kind, path, false, file.Keys.ToDictionary(k => k, k => new StoredTensor(file, path, k))));
    }

    private static void SaveTiny(string folder, bool withGenerator = true, int normGroups = 4, ScalarType type = ScalarType.Float32)
    {
        TokenizerConfig sizes = Tiny.TokenizerSizes with { NormGroups = normGroups, BaseChannels = 2 * Math.Max(normGroups, 4) };
        var config = new ModelConfig
        {
            Name = "tiny",
            Tokenizer = sizes,
            Generator = withGenerator ? Tiny.GeneratorSizes : null,
            Sampling = new() { StructureSteps = 3 },
        };
        using Tokenizer tokenizer = Tiny.Tokenizer(sizes);
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        NvgModel.Save(
            folder, config, tokenizer.Parameters, withGenerator ? generator.Parameters : null, withGenerator ? ["one", "two", "three"] : [],
            type);
    }

    // Copies under published names; the caller's scope frees them.
    private static Dictionary<string, Tensor> TinyTensors()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer(Tiny.TokenizerSizes with { BaseChannels = 32, NormGroups = 32 });
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        var tensors = tokenizer.Parameters.ToDictionary(p => p.Key, p => p.Value.Clone());
        foreach ((string name, Tensor tensor) in generator.Parameters)
            tensors["nvgformer." + name] = tensor.Clone();
        return tensors;
    }

    private static Dictionary<string, Tensor> Values(PublishedShapes published, string prefix, RandomGenerator random) =>
        published.Shapes.ToDictionary(p => prefix + p.Key, p => Tensor.Randn(p.Value, random));

    private static Dictionary<string, Tensor> Prefixed(string prefix, Dictionary<string, Tensor> tensors) =>
        tensors.ToDictionary(t => prefix + t.Key, t => t.Value);

    private static void AssertEqual(string name, Tensor expected, Tensor actual)
    {
        using Tensor a = expected.To(ScalarType.Float32), b = actual.To(ScalarType.Float32);
        Assert.True(expected.Shape.SequenceEqual(actual.Shape), name);
        Assert.True(a.ToArray<float>().AsSpan().SequenceEqual(b.ToArray<float>()), name);
    }
}
