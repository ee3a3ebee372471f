using System.Text.Json.Nodes;
using Nvg.Checkpoints;
using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Pretrained;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Training.Tests;

/// <summary>Runs with what the generators' recipe offers: alignment, one part alone, several squares, checkpointed blocks.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class GeneratorRecipeTests : IClassFixture<GeneratorRecipeTests.Data>, IDisposable
{
    private const int Steps = 6;

    private readonly Data _data;
    private readonly TemporaryFolder _folder = new();

    public GeneratorRecipeTests(Data data) => _data = data;

    [Fact]
    public void Run_WholeRecipe_FollowsTheRecordedCurveAndResumesExactly()
    {
        Run("straight", Config());
        JsonNode[] statistics = Statistics("straight");
        Assert.InRange((double)statistics[^1]["align_2"]!, 0, 2);
        RecordedCurves.AssertFollowed("generator", [.. statistics.Select(s => (double)s["loss"]!)]);
        Run("stopped", Config(), stopAfter: 2);
        Run("stopped", Config());
        AssertSame(
            "straight/checkpoints/step-00000006/weights.safetensors",
            "stopped/checkpoints/step-00000006/weights.safetensors",
            _ => true);
        // The projector serves training only.
        using NvgModel model = NvgModel.Load(_folder["straight/model"]);
        Assert.DoesNotContain(model.Generator.Parameters.Keys, name => name.StartsWith("projector", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_CheckpointedBlocks_TrainsTheSame()
    {
        Run("plain", Config());
        Run("checkpointed", Config() with { ActivationCheckpoints = true });
        // Gradients add up in another order, so the last digits differ.
        Assert.All(
            Statistics("plain").Zip(Statistics("checkpointed")),
            s => Assert.Equal((double)s.First["loss"]!, (double)s.Second["loss"]!, 1e-4));
    }

    [Theory]
    [InlineData(1, 2, false)]
    [InlineData(1, 2, true)]
    [InlineData(2, null, true)]
    [InlineData(2, 2, false)]
    [InlineData(2, 1, true)]
    [InlineData(3, 1, false)]
    public void Run_DividedAmongProcessesAndParts_EndsAsTheWholeBatchDoes(int processes, int? microBatchSize, bool checkpoints)
    {
        // With alignment, random stages and drop path, five images: neither shares nor parts are equal.
        GeneratorRunConfig config = Config();
        config = config with { Loss = config.Loss with { StructureStages = 2 }, Training = config.Training with { BatchSize = 5 } };
        Run("whole", config);
        GeneratorRunConfig divided =
            config with { ActivationCheckpoints = checkpoints, Training = config.Training with { MicroBatchSize = microBatchSize } };
        using (PackedDataset data = PackedDataset.Open(_data.Packed))
            TinyRuns.TrainTogether(
                processes,
                group => new GeneratorTraining(divided, data, Device.Cpu, _folder["divided"], group),
                divided.Training,
                _folder["divided"]);
        TinyRuns.AssertSameWeights(_folder["whole"], _folder["divided"], Steps, tolerance: 2e-5);
        // Terms of a stage are means over the images that took part in it, however these were divided.
        Dictionary<string, double>[] whole = Terms("whole"), found = Terms("divided");
        Assert.All(whole.Zip(found), lines => Assert.Equal(lines.First.Keys.Order(), lines.Second.Keys.Order()));
        Assert.All(
            whole.Zip(found),
            lines => Assert.All(lines.First, t => Assert.Equal(t.Value, lines.Second[t.Key], 1e-4 + 1e-3 * Math.Abs(t.Value))));

        Dictionary<string, double>[] Terms(string run) => [.. Statistics(run).Select(line =>
            line.AsObject().Where(t => t.Key is not ("imagesPerSecond" or "memoryMiB")).ToDictionary(t => t.Key, t => (double)t.Value!))];
    }

    [Theory]
    [InlineData(GeneratorParts.Content)]
    [InlineData(GeneratorParts.Structure)]
    public void Run_OnePart_LeavesTheOtherAsItWas(GeneratorParts part)
    {
        Run("first", Config() with { Loss = new() });
        Run("second", Config() with { Parts = part, Start = _folder["first/model"], Loss = new() });
        bool IsStructure(string name) => name.StartsWith("structure_", StringComparison.Ordinal);
        bool IsFrozen(string name) => IsStructure(name) == (part == GeneratorParts.Content);
        AssertSame("first/model/generator.safetensors", "second/model/generator.safetensors", IsFrozen);
        using SafetensorsFile first = SafetensorsFile.Open(_folder["first/model/generator.safetensors"]), second = SafetensorsFile.Open(
            _folder["second/model/generator.safetensors"]);
        Assert.Contains(first.Keys.Where(n => !IsFrozen(n)), name => !Bytes(first[name]).SequenceEqual(Bytes(second[name])));
        string[] terms = [.. Statistics("second")[^1].AsObject().Select(t => t.Key)];
        Assert.Equal(part == GeneratorParts.Structure, terms.Contains("structure_0"));
        Assert.Equal(part == GeneratorParts.Content, terms.Contains("ce_0"));
    }

    [Fact]
    public void Run_ContentOfAModelOfFewSteps_KeepsTheInputsOfItsStructure()
    {
        Run("first", Config() with { Loss = new() { Intervals = new() } });
        Run("second", Config() with { Parts = GeneratorParts.Content, Start = _folder["first/model"], Loss = new() });
        using NvgModel model = NvgModel.Load(_folder["second/model"]);
        Assert.True(model.Config.Generator!.StructureStepInput);
        AssertSame(
            "first/model/generator.safetensors",
            "second/model/generator.safetensors",
            name => name.StartsWith("structure_", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_StructureOfAModelOfGuidedContent_KeepsTheInputOfItsContent()
    {
        Run("first", Config());
        using NvgModel plain = NvgModel.Load(_folder["first/model"]);
        ModelConfig config = plain.Config with { Generator = plain.GeneratorConfig with { ContentGuidanceLimit = 4 } };
        using NvgModel guided = NvgModel.Random(config, seed: 2);
        NvgModel.Save(
            _folder["guided"], config, plain.Tokenizer.Parameters, guided.Generator.Parameters, plain.Labels, ScalarType.BFloat16);
        Run("second", Config() with { Parts = GeneratorParts.Structure, Start = _folder["guided"] });
        Assert.Equal(4, NvgModel.ReadConfig(_folder["second/model"]).Generator!.ContentGuidanceLimit);
        AssertSame(
            "guided/generator.safetensors",
            "second/model/generator.safetensors",
            name => !name.StartsWith("structure_", StringComparison.Ordinal));
    }

    [Fact]
    public void Run_BothPartsApart_IsTheJointRunWithoutItsSharedRandomness()
    {
        // The generators share no parameters: apart they learn what they learn together, where nothing random and no
        // common limit joins them.
        GeneratorRunConfig joint = Config() with { Loss = new() { DropPath = false }, Training = Config().Training with { ClipNorm = 0 } };
        Run("joint", joint);
        Run("content", joint with { Parts = GeneratorParts.Content });
        Run("structure", joint with { Parts = GeneratorParts.Structure });
        AssertSame(
            "joint/checkpoints/step-00000006/weights.safetensors",
            "content/checkpoints/step-00000006/weights.safetensors",
            n => !n.StartsWith("structure_", StringComparison.Ordinal));
        AssertSame(
            "joint/checkpoints/step-00000006/weights.safetensors",
            "structure/checkpoints/step-00000006/weights.safetensors",
            n => n.StartsWith("structure_", StringComparison.Ordinal));
    }

    [Fact]
    public void Constructor_StartOfOtherSizes_IsRefused()
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        Run("first", Config() with { Loss = new() });
        GeneratorRunConfig deeper = Config() with { Depth = 4, Start = _folder["first/model"] };
        Assert.Contains(
            "other sizes",
            Assert.Throws<NvgDataException>(() => new GeneratorTraining(deeper, data, Device.Cpu, _folder["run"])).Message,
            StringComparison.Ordinal);
        Assert.Throws<NvgDataException>(
            () => new GeneratorTraining(Config() with { Start = _data.Tokenizer }, data, Device.Cpu, _folder["run"]));
    }

    [Fact]
    public void SequenceVariants_CropsAndMirroring_AreAllDrawn()
    {
        var variants = new SequenceVariants(3, Mirrored: true, Seed: 1);
        Assert.Equal(6, variants.Count);
        Assert.Equal(ImageCrop.Centre, variants.Crop(4, 0));
        Assert.Equal(ImageCrop.Centre with { Flip = true }, variants.Crop(4, 1));
        Assert.Equal(6, Enumerable.Range(0, 6).Select(v => variants.Crop(4, v)).Distinct().Count());
        Assert.Equal(variants.Crop(4, 2) with { Flip = true }, variants.Crop(4, 3));
        Assert.NotEqual(variants.Crop(4, 2), variants.Crop(5, 2));
        Assert.Equal(Enumerable.Range(0, 6), Enumerable.Range(0, 200).Select(step => variants.Draw(1, step, 4)).Distinct().Order());
        Assert.Equal("mirrored=True", (variants with { Crops = 1 }).Key);
    }

    [Fact]
    public void SequenceVariants_EightOrientations_AreAllDifferent()
    {
        var variants = new SequenceVariants(1, Mirrored: true, Seed: 1, Turned: true);
        Assert.Equal(8, variants.Count);
        byte[][] squares = [.. Enumerable.Range(0, 8).Select(v =>
        {
            // A square of 3 × 3 different pixels, mirrored and rotated in the order of the data sets.
            byte[] square = [.. Enumerable.Range(0, 27).Select(i => (byte)i)], mirrored = new byte[27];
            ImageCrop crop = variants.Crop(0, v);
            for (int row = 0; row < 3; row++)
                RgbImage.CopyReversed(square.AsSpan(row * 9, 9), mirrored.AsSpan(row * 9, 9));
            byte[] result = crop.Flip ? mirrored : square;
            QuarterTurns.Apply(result, 3, crop.Turns);
            return result;
        })];
        Assert.Equal(8, squares.Select(Convert.ToHexString).Distinct().Count());
        Assert.NotEqual(new SequenceVariants(1, Mirrored: true, Seed: 1).Key, variants.Key);
    }

    [Fact]
    public void QuarterTurns_One_MovesTheCornerAndFourAreNone()
    {
        byte[] square = [.. Enumerable.Range(0, 12).Select(i => (byte)i)], turned = [.. square];
        QuarterTurns.Apply(turned, 2, 1);
        // Counter-clockwise: the upper right pixel (3, 4, 5) moves to the upper left corner.
        Assert.Equal([3, 4, 5, 9, 10, 11, 0, 1, 2, 6, 7, 8], turned);
        QuarterTurns.Apply(turned, 2, 2);
        QuarterTurns.Apply(turned, 2, 1);
        Assert.Equal(square, turned);
        QuarterTurns.Apply(turned, 2, 3);
        QuarterTurns.Apply(turned, 2, 1);
        Assert.Equal(square, turned);
    }

    [Fact]
    public void Validate_WrongSettings_AreNamed()
    {
        Assert.Empty(Config().Validate());
        Assert.Equal(2, (Config() with { Crops = 0, Loss = new() { Alignment = new() { Weights = "a", Block = 3 } } }).Validate().Count());
        Assert.Single((Config() with { Parts = GeneratorParts.Structure }).Validate());
    }

    public void Dispose() => _folder.Dispose();

    private GeneratorRunConfig Config() => new()
    {
        Name = "tiny",
        Tokenizer = _data.Tokenizer,
        Depth = 2,
        Crops = 2,
        Loss = new() { ContentStages = 3, NullClassShare = 0.3, Alignment = new() { Weights = _data.Encoder, Block = 1, HiddenWidth = 8 } },
        Sampling = new() { StructureSteps = 2 },
        Training = new()
        {
            Steps = Steps,
            BatchSize = 4,
            LearningRate = 2e-3,
            WarmupSteps = 2,
            WeightDecay = 0.05,
            EmaDecay = 0.9,
            Precision = ScalarType.Float32,
            LogEvery = 2,
            CheckpointEvery = 4,
        },
    };

    private void Run(string folder, GeneratorRunConfig config, int? stopAfter = null)
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        TinyRuns.Train(() => new GeneratorTraining(config, data, Device.Cpu, _folder[folder]), config.Training, _folder[folder], stopAfter);
    }

    private void AssertSame(string expected, string actual, Func<string, bool> chosen)
    {
        using SafetensorsFile first = SafetensorsFile.Open(_folder[expected]), second = SafetensorsFile.Open(_folder[actual]);
        string[] names = [.. first.Keys.Where(chosen)];
        Assert.NotEmpty(names);
        Assert.All(names, name => Assert.Equal(Bytes(first[name]), Bytes(second[name])));
    }

    private static byte[] Bytes(Tensor tensor)
    {
        byte[] bytes = new byte[tensor.ElementCount * tensor.ScalarType.ByteSize()];
        tensor.CopyBytesTo(bytes);
        return bytes;
    }

    private JsonNode[] Statistics(string folder) => TinyRuns.Statistics(_folder[folder]);

    /// <summary>Images with room for random squares, a tokenizer, and an encoder to align with.</summary>
    public sealed class Data : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Data()
        {
            Tiny.Prepare(_folder["images"], _folder["plain"], size: 10);
            Preparation.RunAsync(
                ImageSource.Open(_folder["images"]),
                Packed,
                new PreparationOptions { Size = 8, StoredSize = 10, Threads = 1 }).GetAwaiter().GetResult();
            using Tokenizer tokenizer = Tiny.Tokenizer();
            NvgModel.Save(Tokenizer, new ModelConfig { Name = "tiny", Tokenizer = Tiny.TokenizerSizes }, tokenizer.Parameters, null, []);
            using var encoder = new VisionTransformer(ParameterSource.Random(3), TinyTransformer.Config);
            SafetensorsFile.Write(Encoder, encoder.Parameters);
        }

        public string Packed => _folder["packed"];

        public string Tokenizer => _folder["tokenizer"];

        public string Encoder => _folder["encoder.safetensors"];

        public void Dispose() => _folder.Dispose();
    }
}
