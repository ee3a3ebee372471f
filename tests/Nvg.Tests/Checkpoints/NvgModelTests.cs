using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Generators.Blocks;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;
using Nvg.Var;

namespace Nvg.Tests.Checkpoints;

[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class NvgModelTests : IDisposable
{
    private static readonly string[] Labels = ["one", "two words", "drei"];

    private readonly TemporaryFolder _folder = new();

    private string Model => _folder["model"];

    [Fact]
    public void Load_SavedInFloat32_HasEveryBit()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        NvgModel.Save(Model, Config, tokenizer.Parameters, generator.Parameters, Labels);
        using NvgModel model = NvgModel.Load(Model);
        Assert.Equal(Labels, model.Labels);
        AssertSame(tokenizer.Parameters, model.Tokenizer.Parameters);
        AssertSame(generator.Parameters, model.Generator.Parameters);
        Assert.Equal(NvgJson.Write(Config), NvgJson.Write(model.Config));
        Assert.Equal(["config.json", "generator.safetensors", "labels.txt", "tokenizer.safetensors"],
            Directory.GetFileSystemEntries(Model).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Load_SavedInBFloat16_RoundsMatricesButNotCodesOrVectors()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        NvgModel.Save(Model, Config, tokenizer.Parameters, generator.Parameters, Labels, ScalarType.BFloat16);
        using NvgModel stored = NvgModel.Load(Model, type: null), wide = NvgModel.Load(Model);
        Assert.Equal(tokenizer.Quantizer.Codebook.ToArray<float>(), stored.Tokenizer.Quantizer.Codebook.ToArray<float>());
        Assert.All(stored.Tokenizer.Parameters.Values, p => Assert.Equal(ScalarType.Float32, p.ScalarType));
        foreach (string name in generator.Parameters.TrainableNames)
        {
            using var scope = new TensorScope();
            Tensor original = generator.Parameters[name];
            Tensor rounded = original.Rank < 2 ? original : original.To(ScalarType.BFloat16).To(ScalarType.Float32);
            Assert.Equal(original.Rank < 2 ? ScalarType.Float32 : ScalarType.BFloat16, stored.Generator.Parameters[name].ScalarType);
            Assert.Equal(rounded.ToArray<float>(), wide.Generator.Parameters[name].ToArray<float>());
        }

        using SampledBatch sampled = stored.Sample([new ImageRequest(0, 1), new ImageRequest(3, 2)]);
        using Tensor images = stored.Tokenizer.Decode(sampled.Canvas_BLC);
        Assert.Equal([2, 3, 8, 8], images.Shape.ToArray());
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.safetensors")]
    [InlineData("labels.txt")]
    public void Load_UnreadableFile_IsNamed(string file)
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        NvgModel.Save(Model, Config with { Generator = null }, tokenizer.Parameters, null, []);
        File.Delete(_folder[$"model/{file}"]);
        Directory.CreateDirectory(_folder[$"model/{file}"]);
        Assert.Contains(file, Assert.Throws<NvgDataException>(() => NvgModel.Load(Model)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Save_EndedMidway_LeavesAFolderThatDoesNotLoad()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        NvgModel.Save(Model, Config with { Generator = null }, tokenizer.Parameters, null, []);
        File.Delete(_folder["model/labels.txt"]);
        Directory.CreateDirectory(_folder["model/labels.txt/in-the-way"]);
        Assert.ThrowsAny<Exception>(() => NvgModel.Save(Model, Config with { Generator = null }, tokenizer.Parameters, null, []));
        Assert.False(File.Exists(_folder["model/config.json"]));
    }

    [Fact]
    public void Load_TokenizerAlone_HasNoGenerator()
    {
        SaveValid();
        using NvgModel without = NvgModel.Load(Model, withGenerator: false);
        Assert.False(without.HasGenerator);
        Assert.Contains(Model, Assert.Throws<NvgDataException>(() => without.Generator).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Generate_SameSeed_IsTheSameImage()
    {
        SaveValid();
        using NvgModel model = NvgModel.Load(Model);
        Assert.Equal(Image(model, 5), Image(model, 5));
        Assert.NotEqual(Image(model, 5), Image(model, 6));

        static float[] Image(NvgModel model, ulong seed)
        {
            using SampledBatch sampled = model.Sample([new ImageRequest(1, seed)]);
            using Tensor images = model.Tokenizer.Decode(sampled.Canvas_BLC);
            return images.ToArray<float>();
        }
    }

    // Heads of 64 in bfloat16, which are packed for sampling where the processor has matrix units.
    [Theory]
    [InlineData(ScalarType.Float32, false)]
    [InlineData(ScalarType.BFloat16, false)]
    [InlineData(ScalarType.BFloat16, true)]
    [InlineData(ScalarType.Int8, false)]
    [InlineData(ScalarType.Int8, true)]
    [Trait(TorchDoors.Trait, TorchDoors.Compiled)]
    public void Sampled_Model_CanStillBeSavedAndTrained(ScalarType type, bool isInUse)
    {
        if (type == ScalarType.Int8 && !BlockOperations.HasInt8Engine)
        {
            Assert.Contains("VNNI", Assert.Throws<NvgDataException>(() => PackableModel(type)).Message, StringComparison.Ordinal);
            return;
        }

        using NvgModel model = PackableModel(type);
        using ParameterStore before = model.Generator.Parameters.CloneDetached();
        using NvgModel fresh = PackableModel(type);
        // Weights that nobody has asked for are freed as they are packed, and read again when somebody does.
        NvgModel sampled = isInUse ? model : fresh;
        long[] first = Tokens(sampled);
        AssertSame(before, sampled.Generator.Parameters);

        ParameterStore tokenizer = sampled.Tokenizer.Parameters, generator = sampled.Generator.Parameters;
        NvgModel.Save(_folder["again"], sampled.Config, tokenizer, generator, sampled.Labels, type: null);
        using NvgModel again = NvgModel.Load(_folder["again"], type: type == ScalarType.Int8 ? type : null);
        Assert.Equal(first, Tokens(again));

        // A step of gradient descent on a packed matrix: later samples come from the new weights.
        using (var scope = new TensorScope())
        {
            sampled.Generator.Parameters.SetRequiresGrad(true);
            Tensor canvas = Tensor.Full([1, 4, 4], 0.5), embedding = Tensor.Full([1, 4, 2], 1), stage = Tensor.From([1L], 1);
            sampled.Generator.Content.PredictFinalCanvas(canvas, embedding, stage, stage, new BlockTraining()).Square().Sum().Backward();
            using GradMode noGrad = Autograd.NoGrad();
            foreach (string name in generator.TrainableNames.Where(n => n.EndsWith("linear1.weight", StringComparison.Ordinal)))
                generator[name].MultiplyInPlace(-3);
        }

        using (NvgModel expected = PackableModel(type))
        {
            using GradMode noGrad = Autograd.NoGrad();
            expected.Generator.Parameters.CopyFrom(sampled.Generator.Parameters);
            Assert.Equal(Tokens(expected), Tokens(sampled));
        }

        Assert.NotEqual(first, Tokens(sampled));
    }

    [Fact]
    public void Sample_WeightFileReplaced_IsNoticedWhenTheWeightsAreAskedFor()
    {
        using (NvgModel random = PackableModel(ScalarType.BFloat16))
            NvgModel.Save(Model, random.Config, random.Tokenizer.Parameters, random.Generator.Parameters, random.Labels, type: null);
        using NvgModel model = NvgModel.Load(Model, type: null);
        _ = Tokens(model);
        File.SetLastWriteTimeUtc(Path.Combine(Model, "generator.safetensors"), DateTime.UtcNow.AddMinutes(1));
        if (model.SamplingGenerator.IsPacked)
            Assert.Contains("was replaced", Assert.Throws<NvgDataException>(() => model.Generator).Message, StringComparison.Ordinal);
        else
            Assert.NotNull(model.Generator);
    }

    [Fact]
    public void Load_Int8WhereItIsNotPossible_SaysWhatItNeeds()
    {
        SaveValid();
        string heads = Assert.Throws<NvgDataException>(() => NvgModel.Load(Model, type: ScalarType.Int8)).Message;
        Assert.Contains("heads of 64 channels, and those of this model have 32", heads, StringComparison.Ordinal);
        string alone = Assert.Throws<NvgDataException>(
            () => NvgModel.Load(Model, type: ScalarType.Int8, withGenerator: false)).Message;
        Assert.Contains("int8 needs a generator", alone, StringComparison.Ordinal);
        string device = Assert.Throws<NvgDataException>(
            () => Int8Products.Require(ScalarType.Int8, Config.Generator, Device.Parse("cuda:0"), "tiny")).Message;
        Assert.Contains("the CPU, not cuda:0", device, StringComparison.Ordinal);
        Assert.Contains("not for VAR", Assert.Throws<NvgDataException>(
            () => VarModel.Random(TinyVar.Sizes, type: ScalarType.Int8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Save_Int8_IsRefused()
    {
        using NvgModel model = PackableModel(ScalarType.BFloat16);
        Assert.Throws<ArgumentException>(() => NvgModel.Save(
            _folder["int8"], model.Config, model.Tokenizer.Parameters, model.Generator.Parameters, model.Labels, ScalarType.Int8));
        Assert.False(File.Exists(_folder["int8/generator.safetensors"]));
    }

    [Fact]
    public void WorkOf_GuidanceAsAnInput_IsThatOfOnePass()
    {
        using NvgModel plain = PackableModel(ScalarType.Float32);
        StageSchedule off = StageSchedule.Constant(1), on = StageSchedule.Constant(2);
        var unguided = new SamplingOptions { ContentGuidance = off, StructureGuidance = off };
        var guided = new SamplingOptions { ContentGuidance = on, StructureGuidance = on };
        double one = ((IImageModel)plain).WorkOf(unguided).Flop, two = ((IImageModel)plain).WorkOf(guided).Flop;
        Assert.Equal(2 * one, two, 1e-6 * two);
        GeneratorConfig sizes = plain.GeneratorConfig with { ContentGuidanceLimit = 4, StructureGuidanceLimit = 3 };
        using NvgModel distilled = NvgModel.Random(plain.Config with { Generator = sizes });
        Assert.Equal(one, ((IImageModel)distilled).WorkOf(guided).Flop, 1e-6 * one);
    }

    [Fact]
    public void Fingerprint_Weights_TellModelsApart()
    {
        SaveValid();
        using NvgModel first = NvgModel.Load(Model);
        string before = first.Fingerprint();
        SaveValid();
        Assert.Equal(before, first.Fingerprint());
        Rewrite("tokenizer.safetensors", tensors => tensors["quantize.embedding.weight"].MultiplyInPlace(1.001));
        Assert.NotEqual(before, first.Fingerprint());
    }

    [Theory]
    [InlineData("tokenizer.safetensors", "encoder.conv_in.conv.weight")]
    [InlineData("generator.safetensors", "content_start_embed")]
    [InlineData("generator.safetensors", "scale_factors")]
    public void Load_MissingTensor_NamesFileAndTensor(string file, string tensor)
    {
        SaveValid();
        Rewrite(file, tensors => tensors.Remove(tensor));
        AssertRefused(file, tensor, "missing");
    }

    [Theory]
    [InlineData("tokenizer.safetensors")]
    [InlineData("generator.safetensors")]
    public void Load_UnexpectedTensor_NamesFileAndTensor(string file)
    {
        SaveValid();
        Rewrite(file, tensors => tensors["stray.weight"] = Tensor.Zeros([1]));
        AssertRefused(file, "stray.weight");
    }

    [Fact]
    public void Load_MisshapedTensor_NamesBothShapes()
    {
        SaveValid();
        Rewrite("generator.safetensors", tensors => tensors["content_embed.weight"] = Tensor.Zeros([4, 64]));
        AssertRefused("generator.safetensors", "content_embed.weight", "[4, 64]", "[64, 4]");
    }

    [Fact]
    public void Load_DamagedFiles_SaysWhichInOneLine()
    {
        SaveValid();
        string path = Path.Combine(Model, "generator.safetensors");
        byte[] whole = File.ReadAllBytes(path);
        File.WriteAllBytes(path, whole[..^1]);
        AssertRefused("generator.safetensors", "truncated");
        File.Delete(path);
        AssertRefused("generator.safetensors", "does not exist");
        File.WriteAllBytes(path, whole);
        File.WriteAllLines(Path.Combine(Model, "labels.txt"), ["one", "two"]);
        AssertRefused("labels.txt", "2 classes", "3");
        File.Delete(Path.Combine(Model, "config.json"));
        AssertRefused("config.json", "does not exist");
        Assert.Throws<NvgDataException>(() => NvgModel.Load(_folder["none"]));
    }

    [Theory]
    [InlineData("\"name\"", "\"nmae\"", "nmae")]
    [InlineData("\"format\": 1", "\"format\": 2", "format is 2")]
    [InlineData("\"depth\": 2", "\"depth\": 3", "depth 3")]
    [InlineData("\"codebookSize\": 16", "\"codebookSize\": \"x\"", "codebookSize")]
    [InlineData("\"imageSize\": 8", "\"imageSize\": 16", "disagree")]
    [InlineData("\"channelMultipliers\": [", "\"channelMultipliers\": null, \"more\": [", "channelMultipliers")]
    [InlineData("\"temperature\": 1", "\"temperature\": -1", "temperature")]
    [InlineData("\"topK\": 0", "\"topP\": {\"perStage\": [1, 1]}", "2 values")]
    [InlineData("{", "[", "config.json")]
    public void Load_BadConfig_SaysWhatInOneLine(string text, string replacement, string words)
    {
        SaveValid();
        string path = Path.Combine(Model, "config.json"), json = File.ReadAllText(path);
        int at = json.IndexOf(text, StringComparison.Ordinal);
        Assert.True(at >= 0, json);
        File.WriteAllText(path, json[..at] + replacement + json[(at + text.Length)..]);
        AssertRefused("config.json", words);
    }

    public void Dispose() => _folder.Dispose();

    private static ModelConfig Config { get; } = new()
    {
        Name = "tiny",
        Tokenizer = Tiny.TokenizerSizes,
        Generator = Tiny.GeneratorSizes with { HeadSize = 32 },
        Sampling = new() { StructureSteps = 2 },
    };

    private static NvgModel PackableModel(ScalarType type) => NvgModel.Random(
        new ModelConfig
        {
            Name = "packable",
            Tokenizer = Tiny.TokenizerSizes with { ImageSize = 4 },
            Generator = Tiny.Generator(new LatentGrid(2, 2)) with { HeadSize = 64 },
            Sampling = new SamplingOptions { StructureSteps = 3, Temperature = 5 },
        },
        seed: 5, type: type);

    private static long[] Tokens(NvgModel model)
    {
        using SampledBatch sampled = model.Sample([.. Enumerable.Range(0, 8).Select(k => new ImageRequest(k % 3, (ulong)k))]);
        return [.. sampled.Sequence.Structure_BSL.ToArray<long>(), .. sampled.Sequence.Content.SelectMany(c => c.ToArray<long>())];
    }

    private void SaveValid()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        using var generator = new NvgGenerator(Tiny.GeneratorSizes, ParameterSource.Random(2));
        NvgModel.Save(Model, Config, tokenizer.Parameters, generator.Parameters, Labels);
    }

    private void Rewrite(string file, Action<Dictionary<string, Tensor>> change)
    {
        using var scope = new TensorScope();
        string path = Path.Combine(Model, file);
        using SafetensorsFile stored = SafetensorsFile.Open(path);
        var tensors = stored.ToDictionary();
        change(tensors);
        SafetensorsFile.Write(path, tensors);
    }

    private void AssertRefused(params string[] words)
    {
        var error = Assert.Throws<NvgDataException>(() => NvgModel.Load(Model));
        Assert.All(words, w => Assert.Contains(w, error.Message, StringComparison.Ordinal));
        Assert.DoesNotContain('\n', error.Message);
    }

    private static void AssertSame(ParameterStore expected, ParameterStore actual)
    {
        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, p => Assert.Equal(p.Value.ScalarType, actual[p.Key].ScalarType));
        Assert.All(expected, p => Assert.Equal(Floats(p.Value), Floats(actual[p.Key])));
    }

    private static float[] Floats(Tensor tensor)
    {
        using Tensor converted = tensor.To(ScalarType.Float32);
        return converted.ToArray<float>();
    }
}
