using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Nvg.Checkpoints;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Torch.Optim;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Tests;

/// <summary>Whole runs of tiny models: interrupted and continued, damaged, diverging, and against recorded losses.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class TrainerTests : IClassFixture<TrainerTests.Data>, IDisposable
{
    private const int Steps = 12;

    private static readonly TrainingOptions Options = new()
    {
        Steps = Steps,
        BatchSize = 4,
        LearningRate = 2e-3,
        WarmupSteps = 3,
        WeightDecay = 0.05,
        EmaDecay = 0.9,
        Precision = ScalarType.Float32,
        LogEvery = 2,
        CheckpointEvery = 4,
        KeepCheckpoints = 3,
    };

    private readonly Data _data;
    private readonly TemporaryFolder _folder = new();

    public TrainerTests(Data data) => _data = data;

    [Theory]
    [InlineData("tokenizer", 6)]
    [InlineData("tokenizer", 8)]
    [InlineData("generator", 6)]
    public void Run_StoppedAndContinued_EndsBitForBitTheSame(string kind, int stopAfter)
    {
        Run(kind, "straight");
        Interrupt(kind, "stopped", stopAfter);
        Assert.False(Directory.Exists(_folder["stopped/model"]));
        Run(kind, "stopped");
        AssertSameResult("straight", "stopped");
        Assert.Equal([2, 4, 6, 8, 10, 12], LoggedSteps("stopped"));
        Assert.Equal(
            stopAfter == 6 ? ["step-00000006", "step-00000008", "step-00000012"] : ["step-00000004", "step-00000008", "step-00000012"],
            Checkpoints("stopped"));
    }

    [Fact]
    public void Run_FinishedRun_ContinuesToNothing()
    {
        Run("tokenizer", "run");
        byte[] before = File.ReadAllBytes(_folder["run/model/tokenizer.safetensors"]);
        Run("tokenizer", "run");
        Assert.Equal(before, File.ReadAllBytes(_folder["run/model/tokenizer.safetensors"]));
        Assert.Equal([2, 4, 6, 8, 10, 12], LoggedSteps("run"));
    }

    [Theory]
    [InlineData("weights.safetensors")]
    [InlineData("average.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("state.json")]
    public void Run_DamagedNewestCheckpoint_FallsBackWithAWarning(string file)
    {
        Run("tokenizer", "straight");
        Interrupt("tokenizer", "damaged", 6);
        string path = _folder[$"damaged/checkpoints/step-00000006/{file}"];
        byte[] bytes = File.ReadAllBytes(path);
        bytes[bytes.Length * 2 / 3] ^= 0x10;
        File.WriteAllBytes(path, file == "state.json" ? bytes[..(bytes.Length / 2)] : bytes);
        Run("tokenizer", "damaged");
        string log = File.ReadAllText(_folder["damaged/log.txt"]);
        Assert.Contains("warning: ", log, StringComparison.Ordinal);
        Assert.Contains("step-00000006", log, StringComparison.Ordinal);
        Assert.Contains("continues after step 4", log, StringComparison.Ordinal);
        AssertSameResult("straight", "damaged");
        Assert.Equal([2, 4, 6, 8, 10, 12], LoggedSteps("damaged"));
    }

    [Fact]
    public void Run_LeftoversOfAKill_AreClearedAway()
    {
        Run("tokenizer", "straight");
        Interrupt("tokenizer", "killed", 6);
        // What a kill in the middle of a checkpoint and of a log line leaves behind.
        File.WriteAllText(
            Directory.CreateDirectory(_folder["killed/checkpoints/.step-00000008.1.tmp"]).FullName + "/weights.safetensors",
            "half");
        File.AppendAllText(_folder["killed/stats.jsonl"], "{\"step\":7,\"epo");
        Run("tokenizer", "killed");
        AssertSameResult("straight", "killed");
        Assert.Equal([2, 4, 6, 8, 10, 12], LoggedSteps("killed"));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["killed/checkpoints"], ".*"));
    }

    [Fact]
    public void Run_CheckpointOfOtherSettings_IsRefused()
    {
        Interrupt("tokenizer", "run", 6);
        var error = Assert.Throws<NvgDataException>(() => Run("tokenizer", "run", Options with { LearningRate = 1e-3 }));
        Assert.Contains("other settings", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Run_HugeLearningRate_StopsAndNamesTheTerm()
    {
        var error = Assert.Throws<TrainingDivergedException>(
            () => Run("tokenizer", "run", Options with { LearningRate = 1e30, StartFactor = 1 }));
        Assert.Contains("no longer finite at step 2", error.Message, StringComparison.Ordinal);
        Assert.Contains(error.Message, File.ReadAllText(_folder["run/log.txt"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run/checkpoints"]) || Directory.Exists(_folder["run/model"]));
    }

    [Theory]
    [InlineData(typeof(IOException))]
    [InlineData(typeof(UnauthorizedAccessException))]
    [InlineData(typeof(ObjectDisposedException))]
    public void Run_MessagesCannotBeWritten_GoesOnAndNotesItOnce(Type kind)
    {
        Run("tokenizer", "straight");
        int told = 0;
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        using var task = new TokenizerTraining(TokenizerConfig(Options), data, Device.Cpu);
        using (var trainer = new Trainer(task, Options, Device.Cpu, _folder["unheard"]))
            trainer.Run(new SynchronousProgress<TrainingProgress>(_ => Fail()));
        Assert.True(told > 1);
        AssertSameResult("straight", "unheard");
        Assert.Single(
            File.ReadLines(_folder["unheard/log.txt"]),
            line => line.Contains("messages can no longer be written", StringComparison.Ordinal));

        void Fail()
        {
            told++;
            throw kind == typeof(ObjectDisposedException)
                ? new ObjectDisposedException("error")
                : (Exception)Activator.CreateInstance(kind, "the disk is full")!;
        }
    }

    [Fact]
    public void Run_NanInOneTerm_NamesItAndKeepsTheLastCheckpoint()
    {
        using var task = new BrokenTask();
        using var trainer = new Trainer(task, Options, Device.Cpu, _folder["run"]);
        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Run());
        Assert.StartsWith("second is no longer finite at step 8", error.Message, StringComparison.Ordinal);
        Assert.Equal(["step-00000004"], Checkpoints("run"));
        Assert.Equal("NaN", (string?)Statistics("run")[^1]["second"]);
    }

    [Fact]
    public void Run_NanInATermOfAStage_NamesTheStage()
    {
        using var task = new BrokenTask { BrokenTerm = "ce_2" };
        using var trainer = new Trainer(task, Options, Device.Cpu, _folder["run"]);
        Assert.StartsWith(
            "ce of stage 2 is no longer finite at step 8",
            Assert.Throws<TrainingDivergedException>(() => trainer.Run()).Message,
            StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer")]
    [InlineData("generator")]
    public void Run_ImagesEveryFiveSteps_AreKeptAndDoNotTouchTheTraining(string kind)
    {
        Run(kind, "without", Options with { ImageEvery = 0 });
        Run(kind, "with", Options with { ImageEvery = 5 });
        AssertSameResult("without", "with");
        Assert.False(Directory.Exists(_folder["without/images"]));
        Assert.Equal(
            ["step-00000005.png", "step-00000010.png", "step-00000012.png"],
            Directory.GetFiles(_folder["with/images"]).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal));
        Assert.True(ImageFile.Read(_folder["with/images/step-00000005.png"]).Width > 64);
        string events = Assert.Single(Directory.GetFiles(_folder["with/tensorboard"]));
        string content = System.Text.Encoding.Latin1.GetString(File.ReadAllBytes(events));
        Assert.Equal(3, content.Split("\u0089PNG").Length - 1);
        Assert.Equal(Steps / 2, content.Split("loss/gradient_norm").Length - 1);
    }

    [Fact]
    public void Run_Tokenizer_WritesAModelThatReconstructs()
    {
        Run("tokenizer", "run");
        using NvgModel model = NvgModel.Load(_folder["run/model"]);
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        using Tensor images = DatasetBatch.Load(data, [0, 1]);
        using var sequence = model.Tokenizer.Encode(images);
        Assert.Equal(2, sequence.Count);
    }

    [Fact]
    public void Run_Generator_WritesAModelThatGenerates()
    {
        Run("generator", "run");
        using NvgModel model = NvgModel.Load(_folder["run/model"]);
        Assert.Equal(["stripes", "waves"], model.Labels);
        Assert.All(
            model.Generate(new GenerationRequest { Images = [new ImageRequest("stripes", 1), new ImageRequest("waves", 2)] }),
            image => Assert.Equal((8, 8), (image.Image.Width, image.Image.Height)));
        // 1 / standard deviation of the canvases, measured on the data; the empty canvas keeps 1.
        float[] factors = model.Generator.Content.ScaleFactors.ToArray<float>();
        Assert.Equal(1, factors[0]);
        Assert.All(factors, f => Assert.True(float.IsFinite(f) && f > 0));
    }

    [Fact]
    public void Run_GeneratorOnGivenSequencesWithoutImages_EndsBitForBitTheSame()
    {
        Run("generator", "straight");
        // The data set as it travels with its sequences: description and labels.
        Directory.CreateDirectory(_folder["labels"]);
        foreach (string file in new[] { "dataset.json", "labels.i32" })
            File.Copy(Path.Combine(_data.Packed, file), _folder[$"labels/{file}"]);
        using IImageDataset labels = ImageDataset.OpenLabels(_folder["labels"]);
        TinyRuns.Train(
            () => new GeneratorTraining(
                GeneratorConfig(Options), labels, Device.Cpu, _folder["given"], sequences: _folder["straight/sequences"]),
            Options, _folder["given"]);
        AssertSameResult("straight", "given");
        Assert.False(Directory.Exists(_folder["given/sequences"]));
    }

    [Fact]
    public void Loss_StepOfAGenerator_NeverWaitsForTheDevice()
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        using var task = new GeneratorTraining(GeneratorConfig(Options), data, Device.Cpu, _folder["run"]);
        using var optimizer = new AdamW(task.Parameters);
        using var average = new WeightAverage(task.Parameters, 0.9, task.IsAveraged);
        using var log = new LossLog();
        using var random = new RandomGenerator(1);
        OperatorTrace trace;
        using (trace = new OperatorTrace())
        {
            using var scope = new TensorScope();
            Tensor loss = task.Loss(0, [0, 1, 2, 3], BatchShare.All(4), random, log);
            log.Add("loss", loss);
            loss.Backward();
            optimizer.ClipGradients(1);
            optimizer.Step(1e-3);
            average.Update(1);
        }

        Assert.Empty(trace.Synchronizations);
        Assert.Contains(trace.Totals, total => total.Name == "aten::_foreach_add_");
    }

    [Theory]
    [InlineData("tokenizer")]
    [InlineData("generator")]
    public void Run_TinyModel_FollowsTheRecordedCurve(string kind)
    {
        Run(kind, "run");
        double[] losses = [.. Statistics("run").Select(s => (double)s["loss"]!)];
        // NVG_RECORD_CURVES=1 writes new ones, after a change that is meant to change them.
        if (Environment.GetEnvironmentVariable("NVG_RECORD_CURVES") == "1")
            Record(kind, losses);
        double[] recorded = Curves()[kind]!.AsArray().Select(v => (double)v!).ToArray();
        Assert.Equal(recorded.Length, losses.Length);
        Assert.All(recorded.Zip(losses), l => Assert.InRange(l.Second, l.First * (1 - 1e-3), l.First * (1 + 1e-3)));
        Assert.True(losses[^1] < losses[0]);
    }

    [Fact]
    public void Run_CheckpointOfOtherSettings_IsRefusedBeforeAnythingIsAccepted()
    {
        using var task = new BrokenTask();
        bool accepted = false;
        using (var first = new Trainer(task, Options, Device.Cpu, _folder["run"]) { Accepted = () => accepted = true })
            Assert.ThrowsAny<OperationCanceledException>(() => first.Run(null, new CancellationToken(canceled: true)));
        Assert.True(accepted);

        using var another = new BrokenTask { Fingerprint = "another" };
        using var trainer = new Trainer(another, Options, Device.Cpu, _folder["run"]) { Accepted = () => Assert.Fail("accepted") };
        Assert.Throws<NvgDataException>(() => trainer.Run());
    }

    [Fact]
    public void Run_KilledWhileACheckpointWasReplaced_ContinuesFromTheOldOne()
    {
        Interrupt("tokenizer", "run", 6);
        Directory.Move(_folder["run/checkpoints/step-00000006"], _folder["run/checkpoints/.replaced-step-00000006"]);
        Run("tokenizer", "run");
        Assert.Contains("continues after step 6", File.ReadAllText(_folder["run/log.txt"]), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_FinishedRun_LeavesItsCheckpointUntouched()
    {
        Run("tokenizer", "run");
        DateTime before = Directory.GetCreationTimeUtc(_folder["run/checkpoints/step-00000012"]);
        Run("tokenizer", "run");
        Assert.Equal(before, Directory.GetCreationTimeUtc(_folder["run/checkpoints/step-00000012"]));
    }

    [Fact]
    public void Run_NanFoundWhileStopping_IsLogged()
    {
        using var task = new BrokenTask { BreaksAt = 4 };
        using var stop = new CancellationTokenSource();
        task.Started = step =>
        {
            if (step == 4)
                stop.Cancel();
        };
        using var trainer = new Trainer(task, Options, Device.Cpu, _folder["run"]);
        var error = Assert.Throws<TrainingDivergedException>(() => trainer.Run(null, stop.Token));
        Assert.Contains(error.Message, File.ReadAllText(_folder["run/log.txt"]), StringComparison.Ordinal);
    }

    [Fact]
    public void RunLock_SecondOfAFolder_IsRefusedUntilTheFirstIsGone()
    {
        using (RunLock.Take(_folder["run"]))
            Assert.Equal($"{_folder["run"]}: another process is training in this folder", Assert.Throws<IOException>(
                () => RunLock.Take(_folder["run"])).Message);
        RunLock.Take(_folder["run"]).Dispose();
    }

    [Fact]
    public void GeneratorTraining_WrongDepthAndSampling_AreRefusedBeforeSequencesAreComputed()
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        GeneratorRunConfig config = GeneratorConfig(Options) with { Depth = 3, Sampling = new() { StructureSteps = 0 } };
        var error = Assert.Throws<NvgDataException>(() => new GeneratorTraining(config, data, Device.Cpu, _folder["run"]));
        Assert.Contains("depth 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("structure steps", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run/sequences"]));
    }

    [Fact]
    public void TokenizerLossOptions_NegativeOrNotFinite_IsNamed()
    {
        Assert.Empty(new TokenizerLossOptions().Validate());
        Assert.Equal(2, new TokenizerLossOptions { L1 = double.NaN, ReviveEvery = -1 }.Validate().Count());
        TokenizerRunConfig config = TokenizerConfig(Options) with { Loss = new() { Quantizer = -1 } };
        Assert.Single(config.Validate());
    }

    [Fact]
    public void GeneratorTraining_ImagesOfAnotherSize_AreRefused()
    {
        Tiny.Prepare(_folder["images"], _folder["other"], size: 16, perClass: 1);
        using PackedDataset other = PackedDataset.Open(_folder["other"]);
        Assert.Throws<NvgDataException>(() => new GeneratorTraining(GeneratorConfig(Options), other, Device.Cpu, _folder["run"]));
        Assert.Throws<NvgDataException>(() => new TokenizerTraining(TokenizerConfig(Options), other, Device.Cpu));
    }

    public void Dispose() => _folder.Dispose();

    private void Run(string kind, string folder, TrainingOptions? options = null, int? stopAfter = null)
    {
        options ??= Options;
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        TinyRuns.Train(
            () => kind == "tokenizer"
                ? new TokenizerTraining(TokenizerConfig(options), data, Device.Cpu)
                : new GeneratorTraining(GeneratorConfig(options), data, Device.Cpu, _folder[folder]),
            options, _folder[folder], stopAfter);
    }

    private void Interrupt(string kind, string folder, int step) => Run(kind, folder, stopAfter: step);

    private static TokenizerRunConfig TokenizerConfig(TrainingOptions options) => new()
    {
        Name = "tiny",
        Tokenizer = Tiny.TokenizerSizes,
        Training = options,
        Loss = new() { WarmupSteps = 3, ReviveEvery = 3, ReviveUntil = 8 },
    };

    private GeneratorRunConfig GeneratorConfig(TrainingOptions options) => new()
    {
        Name = "tiny",
        Tokenizer = _data.Tokenizer,
        Depth = 2,
        Training = options,
        Loss = new() { ContentStages = 2, StructureStages = 1, DropPath = true, NullClassShare = 0.3 },
        Sampling = new() { StructureSteps = 2 },
    };

    private void AssertSameResult(string expected, string actual)
    {
        string[] files = [.. Directory.GetFiles(_folder[$"{expected}/model"]).Select(f => "model/" + Path.GetFileName(f)),
            .. new[] { "weights", "average", "optimizer" }.Select(f => $"checkpoints/step-{Steps:D8}/{f}.safetensors")];
        Assert.All(
            files, file => Assert.Equal(File.ReadAllBytes(_folder[$"{expected}/{file}"]), File.ReadAllBytes(_folder[$"{actual}/{file}"])));
    }

    private string[] Checkpoints(string folder) =>
        [.. Directory.GetDirectories(_folder[$"{folder}/checkpoints"]).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)];

    private JsonNode[] Statistics(string folder) => TinyRuns.Statistics(_folder[folder]);

    private int[] LoggedSteps(string folder) => [.. Statistics(folder).Select(s => (int)s["step"]!)];

    private static JsonNode Curves() => JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "curves.json")))!;

    private static void Record(string kind, double[] losses, [CallerFilePath] string source = "")
    {
        JsonNode curves = Curves();
        curves[kind] = JsonSerializer.SerializeToNode(losses.Select(l => Math.Round(l, 6)));
        foreach (string path in new[] { Path.Combine(Path.GetDirectoryName(source)!, "curves.json"), Path.Combine(
            AppContext.BaseDirectory, "curves.json") })
            File.WriteAllText(path, curves.ToJsonString() + "\n");
    }

    /// <summary>A packed data set and a tokenizer trained on it, once for all tests.</summary>
    public sealed class Data : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Data()
        {
            Tiny.Prepare(_folder["images"], Packed);
            using Tokenizer tokenizer = Tiny.Tokenizer();
            NvgModel.Save(Tokenizer, new ModelConfig { Name = "tiny", Tokenizer = Tiny.TokenizerSizes }, tokenizer.Parameters, null, []);
        }

        public string Packed => _folder["packed"];

        public string Tokenizer => _folder["tokenizer"];

        public void Dispose() => _folder.Dispose();
    }

    /// <summary>One weight to pull to zero; the second of its terms breaks in step 6.</summary>
    private sealed class BrokenTask : ITrainingTask
    {
        internal BrokenTask() => Parameters.Add("weight", Tensor.Full([2, 2], 1));

        public ParameterStore Parameters { get; } = new();

        public int ExampleCount => 10;

        public string Fingerprint { get; init; } = "broken";

        internal long BreaksAt { get; init; } = 6;

        internal string BrokenTerm { get; init; } = "second";

        internal Action<long>? Started { get; set; }

        public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log)
        {
            Started?.Invoke(step);
            using var scope = new TensorScope();
            Tensor first = Parameters["weight"].Square().Mean();
            log.Add("first", first);
            log.Add(BrokenTerm, step == BreaksAt ? first * double.NaN : first);
            return scope.Keep(first * 1.0);
        }

        public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) => Assert.Fail("nothing to export");

        public void Dispose() => Parameters.Dispose();
    }
}
