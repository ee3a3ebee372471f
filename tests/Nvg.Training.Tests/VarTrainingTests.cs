using System.Text.Json.Nodes;
using Nvg.Checkpoints;
using Nvg.Data.Datasets;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Tokenizers;
using Nvg.Training.Tasks.Var;
using Nvg.Var;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Training.Tests;

/// <summary>Runs of VAR's tokenizer and transformer by the trainer of all tasks.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class VarTrainingTests : IClassFixture<VarTrainingTests.Data>, IDisposable
{
    private const int Steps = 6;

    private readonly Data _data;
    private readonly TemporaryFolder _folder = new();

    public VarTrainingTests(Data data) => _data = data;

    [Fact]
    public void Run_Tokenizer_LearnsAndResumesExactly()
    {
        RunTokenizer("straight", 30);
        JsonNode[] statistics = TinyRuns.Statistics(_folder["straight"]);
        Assert.True((double)statistics[^1]["l1"]! < (double)statistics[0]["l1"]!);
        Assert.NotNull(statistics[0]["codebook_usage_3"]);
        RunTokenizer("stopped", 30, stopAfter: 4);
        RunTokenizer("stopped", 30);
        TinyRuns.AssertSameWeights(_folder["straight"], _folder["stopped"], 30, tolerance: 0);
        using VarModel model = VarModel.Load(_folder["straight/model"]);
        Assert.False(model.HasGenerator);
    }

    [Fact]
    public void Start_TokenizerOfNvg_ReconstructsItsLatentsAndSharesItsCodebook()
    {
        using Tokenizer nvg = SaveNvgTokenizer(channelMultipliers: [1, 2]);
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        using var task = new VarTokenizerTraining(TokenizerConfig(30) with { Start = _folder["nvg"] }, data, Device.Cpu);
        using var started = new VarTokenizer(TinyVar.TokenizerSizes, ParameterSource.From(task.Parameters));
        using var scope = new TensorScope();
        using var random = new RandomGenerator(4);
        Tensor images = Tensor.Rand([3, 3, 8, 8], random) * 2 - 1;
        Tensor latent = nvg.Encoder.Forward(images);
        AssertClose(latent, started.Latent(images));
        AssertClose(nvg.Decoder.Forward(latent), started.DecodeUnclamped(latent));
        AssertClose(nvg.Quantizer.Codebook, started.Quantizer.Codebook);
    }

    [Fact]
    public void Start_TokenizerOfVar_CopiesEveryWeight()
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        using var task = new VarTokenizerTraining(TokenizerConfig(30) with { Start = _data.Tokenizer }, data, Device.Cpu);
        using VarModel start = VarModel.Load(_data.Tokenizer);
        foreach ((string name, Tensor value) in start.Tokenizer.Parameters)
            AssertClose(value, task.Parameters[name]);
    }

    [Theory]
    [InlineData(new[] { 1, 4 })]
    [InlineData(new[] { 1, 2, 2 })]
    public void Start_TokenizerOfOtherSizes_IsRefused(int[] channelMultipliers)
    {
        SaveNvgTokenizer(channelMultipliers).Dispose();
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        var error = Assert.Throws<NvgDataException>(
            () => new VarTokenizerTraining(TokenizerConfig(30) with { Start = _folder["nvg"] }, data, Device.Cpu));
        Assert.Contains("other sizes", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Run_Transformer_LearnsAndResumesExactly()
    {
        VarRunConfig config = Config(40);
        Run("straight", config);
        JsonNode[] statistics = TinyRuns.Statistics(_folder["straight"]);
        // A new head gives every code the same chance.
        Assert.Equal(Math.Log(16), (double)statistics[0]["loss"]!, 0.1);
        Assert.True((double)statistics[^1]["loss"]! < (double)statistics[0]["loss"]! - 0.2);
        Run("stopped", config, stopAfter: 4);
        Run("stopped", config);
        TinyRuns.AssertSameWeights(_folder["straight"], _folder["stopped"], 40, tolerance: 0);
        using VarModel model = VarModel.Load(_folder["straight/model"]);
        Assert.Equal((2, 2), (model.Config.Transformer!.Depth, model.ClassCount));
        RgbImage image = model.Generate(new VarGenerationRequest { Images = [new VarImageRequest(1, 1)] }).Single().Image;
        Assert.Equal(8, image.Width);
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(1, 2)]
    public void Run_DividedAmongProcessesAndParts_EndsAsTheWholeBatchDoes(int processes, int? microBatchSize)
    {
        VarRunConfig config = Config(Steps) with { Training = Config(Steps).Training with { BatchSize = 5 } };
        Run("whole", config);
        VarRunConfig divided = config with { Training = config.Training with { MicroBatchSize = microBatchSize } };
        using (PackedDataset data = PackedDataset.Open(_data.Packed))
            TinyRuns.TrainTogether(
                processes, group => new VarTraining(
                    divided, data, Device.Cpu, _folder["divided"], group), divided.Training, _folder["divided"]);
        TinyRuns.AssertSameWeights(_folder["whole"], _folder["divided"], Steps, tolerance: 2e-5);
    }

    [Fact]
    public void NotDecayed_PublishedNames_AreThoseOfPlaces()
    {
        using var transformer = new VarTransformer(TinyVar.TransformerSizes with { SharedModulation = true }, ParameterSource.Random(1));
        string[] names = VarDecay.NotDecayed(transformer.Parameters);
        Assert.Equal(
            [
                "blocks.0.ada_gss", "blocks.0.attn.scale_mul_1H11", "blocks.1.ada_gss", "blocks.1.attn.scale_mul_1H11", "lvl_embed.weight",
                "pos_1LC", "pos_start"],
            names.Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("imagenet-var-d16.json")]
    [InlineData("eurosat-var.json")]
    public void Config_OfTheRepository_IsValid(string file) =>
        Assert.Empty(RunConfiguration.Read<VarRunConfig>(ConfigPath(file), []).Validate());

    [Theory]
    [InlineData("imagenet-var-tokenizer.json")]
    [InlineData("eurosat-var-tokenizer.json")]
    public void TokenizerConfig_OfTheRepository_IsValid(string file) =>
        Assert.Empty(RunConfiguration.Read<VarTokenizerRunConfig>(ConfigPath(file), []).Validate());

    [Fact]
    public void LearningRate_PublishedRecipe_EndsAtItsFactor()
    {
        TrainingOptions training = RunConfiguration.Read<VarRunConfig>(ConfigPath("imagenet-var-d16.json"), []).Training;
        Assert.Equal(1.5e-6, training.LearningRateAt(0), 1e-9);
        Assert.Equal(3e-4, training.LearningRateAt(6676), 1e-9);
        Assert.Equal(3e-5, training.LearningRateAt(training.Steps - 1), 1e-9);
    }

    public void Dispose() => _folder.Dispose();

    private static string ConfigPath(string file)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string path = Path.Combine(folder.FullName, "configs", file);
            if (File.Exists(path))
                return path;
        }

        throw new FileNotFoundException(file);
    }

    private VarRunConfig Config(int steps) => new()
    {
        Name = "tiny-var",
        Tokenizer = _data.Tokenizer,
        Depth = 2,
        Loss = new VarLossOptions { GateFactor = 0.5, LabelSmoothing = 0.05 },
        Training = Training(steps),
    };

    private static TrainingOptions Training(int steps) => new()
    {
        Steps = steps,
        BatchSize = 4,
        LearningRate = 3e-3,
        WarmupSteps = 2,
        WeightDecay = 0.05,
        FinalWeightDecay = 0.08,
        Schedule = LearningRateShape.WarmupLinear,
        HoldShare = 0.5,
        ClipNorm = 2,
        EmaDecay = 0,
        Precision = ScalarType.Float32,
        LogEvery = 2,
        CheckpointEvery = steps,
        ImageEvery = 0,
    };

    private void Run(string run, VarRunConfig config, int? stopAfter = null)
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        TinyRuns.Train(() => new VarTraining(config, data, Device.Cpu, _folder[run]), config.Training, _folder[run], stopAfter);
    }

    private static VarTokenizerRunConfig TokenizerConfig(int steps) => new()
    {
        Name = "tiny-var-tokenizer",
        Tokenizer = TinyVar.TokenizerSizes,
        Loss = new TokenizerLossOptions { WarmupSteps = 2, ReviveEvery = 3, ReviveUntil = 7, StageDropout = 0.25 },
        Training = Training(steps) with { EmaDecay = 0.5, WeightDecay = 0, FinalWeightDecay = null },
    };

    // An NVG tokenizer in the folder "nvg", and the same in memory.
    private Tokenizer SaveNvgTokenizer(int[] channelMultipliers)
    {
        var sizes = new TokenizerConfig
        {
            ImageSize = 8,
            BaseChannels = 8,
            ChannelMultipliers = channelMultipliers,
            ResNetBlocks = 1,
            LatentChannels = 4,
            CodebookSize = 16,
            NormGroups = 4,
        };
        var tokenizer = new Tokenizer(sizes, ParameterSource.Random(3));
        NvgModel.Save(_folder["nvg"], new ModelConfig { Name = "tiny", Tokenizer = sizes }, tokenizer.Parameters, null, []);
        return tokenizer;
    }

    private static void AssertClose(Tensor expected, Tensor actual) =>
        Assert.All(expected.ToArray<float>().Zip(actual.ToArray<float>()), p => Assert.Equal(p.First, p.Second, 1e-5f));

    private void RunTokenizer(string run, int steps, int? stopAfter = null)
    {
        VarTokenizerRunConfig config = TokenizerConfig(steps);
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        TinyRuns.Train(() => new VarTokenizerTraining(config, data, Device.Cpu), config.Training, _folder[run], stopAfter);
    }

    /// <summary>A data set of two classes, and a tokenizer of random weights.</summary>
    public sealed class Data : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Data()
        {
            Tiny.Prepare(_folder["images"], Packed);
            using var tokenizer = TinyVar.Tokenizer();
            VarModel.Save(Tokenizer, TinyVar.Sizes with { Transformer = null }, tokenizer.Parameters, null, []);
        }

        public string Packed => _folder["packed"];

        public string Tokenizer => _folder["tokenizer"];

        public void Dispose() => _folder.Dispose();
    }
}
