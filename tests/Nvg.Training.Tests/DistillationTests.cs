using Nvg.Checkpoints;
using Nvg.Data.Datasets;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Distillation;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Training.Tests;

/// <summary>Distillations of a tiny model: what they change and keep, and that they can be continued.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class DistillationTests : IClassFixture<DistillationTests.Teacher>, IDisposable
{
    private const int Steps = 8;

    private static readonly TrainingOptions Options = new()
    {
        Steps = Steps,
        BatchSize = 6,
        LearningRate = 2e-3,
        WarmupSteps = 2,
        EmaDecay = 0.9,
        Precision = ScalarType.Float32,
        LogEvery = 2,
        CheckpointEvery = 4,
        KeepCheckpoints = 3,
        Flip = false,
    };

    private readonly Teacher _teacher;
    private readonly TemporaryFolder _folder = new();

    public DistillationTests(Teacher teacher) => _teacher = teacher;

    [Theory]
    [InlineData(DistilledPart.Structure, false)]
    [InlineData(DistilledPart.Structure, true)]
    [InlineData(DistilledPart.Content, false)]
    [InlineData(DistilledPart.Content, true)]
    public void Run_StoppedAndContinued_EndsBitForBitTheSame(DistilledPart part, bool withData)
    {
        Run("straight", part, withData);
        Run("stopped", part, withData, stopAfter: 6);
        Assert.False(Directory.Exists(_folder["stopped/model"]));
        Run("stopped", part, withData);
        string[] files = [.. Directory.GetFiles(_folder["straight/model"]).Select(f => "model/" + Path.GetFileName(f)),
            .. new[] { "weights", "average", "optimizer" }.Select(f => $"checkpoints/step-{Steps:D8}/{f}.safetensors")];
        Assert.All(files, f => Assert.Equal(File.ReadAllBytes(_folder[$"straight/{f}"]), File.ReadAllBytes(_folder[$"stopped/{f}"])));
    }

    [Fact]
    public void Run_Structure_KeepsTokenizerAndContentAndTakesOneStep()
    {
        string model = Distilled(DistilledPart.Structure);
        AssertChanged(model, name => name.StartsWith("structure_", StringComparison.Ordinal));
        using NvgModel loaded = NvgModel.Load(model);
        Assert.True(loaded.Generator.Structure.TakesStep);
        Assert.Equal(3, loaded.Generator.Structure.GuidanceLimit);
        Assert.Equal(StructureSteps.Auto(), loaded.Config.Sampling.StructureSteps);
        using SampledBatch sampled = loaded.Sample([new ImageRequest(1, 5)]);
        Assert.Equal(1, sampled.Sequence.Count);
    }

    [Fact]
    public void Run_Content_KeepsTokenizerAndStructureAndIsGuidedInOnePass()
    {
        string model = Distilled(DistilledPart.Content);
        AssertChanged(model, name => !name.StartsWith("structure_", StringComparison.Ordinal));
        using NvgModel loaded = NvgModel.Load(model);
        Assert.False(loaded.Generator.Structure.TakesStep);
        Assert.Equal(4, loaded.Generator.Content.GuidanceLimit);
        Assert.Equal(NvgModel.ReadConfig(_teacher.Folder).Sampling, loaded.Config.Sampling);
        var rows = new List<long>();
        using SampledBatch sampled = loaded.Sample([new ImageRequest(1, 5)], observer: stage => rows.Add(stage.Predicted_NLC!.Size(0)));
        Assert.All(rows, count => Assert.Equal(1, count));
    }

    [Theory]
    [InlineData(DistilledPart.Structure)]
    [InlineData(DistilledPart.Content)]
    public void Constructor_Student_StartsAsTheTeacher(DistilledPart part)
    {
        using var scope = new TensorScope();
        using DistillationTraining task = Task("run", Config(part));
        using NvgModel teacher = NvgModel.Load(_teacher.Folder, type: null);
        Assert.All(
            task.Parameters.Where(p => teacher.Generator.Parameters.ContainsKey(p.Key)),
            p => Assert.Equal(Values(teacher.Generator.Parameters[p.Key]), Values(p.Value)));
        Assert.All(
            task.Parameters.Where(p => p.Key.EndsWith("embed.out_layer.weight", StringComparison.Ordinal)
                && !teacher.Generator.Parameters.ContainsKey(p.Key)),
            p => Assert.Equal(0, p.Value.Abs().Max().Item()));
    }

    [Theory]
    [InlineData(DistilledPart.Structure)]
    [InlineData(DistilledPart.Content)]
    public void Constructor_DistilledModel_TakesOnlyTheOtherPart(DistilledPart part)
    {
        string model = Distilled(part);
        var error = Assert.Throws<NvgDataException>(() => Task("again", Config(part) with { Teacher = model }));
        Assert.Contains("already been distilled", error.Message, StringComparison.Ordinal);
        DistilledPart other = part == DistilledPart.Content ? DistilledPart.Structure : DistilledPart.Content;
        using DistillationTraining task = Task("other", Config(other) with { Teacher = model });
        task.Export(_folder["both"], task.Parameters.ToDictionary());
        GeneratorConfig both = NvgModel.ReadConfig(_folder["both"]).Generator!;
        Assert.Equal((true, 3.0, 4.0), (both.StructureStepInput, both.StructureGuidanceLimit, both.ContentGuidanceLimit));
    }

    [Theory]
    [InlineData(DistilledPart.Structure)]
    [InlineData(DistilledPart.Content)]
    public void Loss_Parts_AverageToThatOfTheBatch(DistilledPart part)
    {
        using DistillationTraining task = Task("run", Config(part));
        Perturb(task.Parameters);
        int[] examples = [0, 1, 2, 3, 4, 5];
        double whole = Loss(task, examples, BatchShare.All(6));
        double parts = Loss(task, examples, BatchShare.All(6).Part(0, 2)) + Loss(task, examples, BatchShare.All(6).Part(1, 2));
        Assert.Equal(whole, parts / 2, 1e-5);
        Assert.True(whole > 1e-4);
    }

    [Fact]
    public void Loss_ContentWithoutClasses_IsZeroAtTheStart()
    {
        // Without a class, both passes of the teacher are the same at every scale, and so is the student that ignores its input.
        using DistillationTraining task = Task("run", Config(DistilledPart.Content) with { NullClassShare = 0.9999999 });
        Assert.Equal(0, Loss(task, [0, 1, 2, 3, 4, 5], BatchShare.All(6)), 1e-6);
        Perturb(task.Parameters);
        Assert.True(Loss(task, [0, 1, 2, 3, 4, 5], BatchShare.All(6)) > 1e-4);
    }

    [Fact]
    public void Divergence_KnownDistributions_IsTheClosedForm()
    {
        using var scope = new TensorScope();
        Tensor target = Tensor.From([0.5f, 0.5f, 0.9f, 0.1f], 1, 2, 2).Log();
        Tensor other = Tensor.From([0.25f, 0.75f, 0.9f, 0.1f], 1, 2, 2).Log();
        double first = 0.5 * Math.Log(2) + 0.5 * Math.Log(2.0 / 3);
        // Logits may have any offset.
        Assert.Equal(first / 2, ContentDistillation.Divergence(target + 3, other - 1).Item(), 1e-6);
    }

    [Fact]
    public void Teacher_PredictFinalCanvas_IsGuidedLikeSampling()
    {
        using var scope = new TensorScope();
        using var teacher = new DistillationTeacher(_teacher.Folder, Device.Cpu, ScalarType.Float32, DistilledPart.Content);
        using var random = new RandomGenerator(2);
        LatentGrid grid = teacher.Sizes.Grid;
        Tensor canvas = Tensor.Randn([3, grid.Length, 4], random), stage = Tensor.From([1L, 1, 1], 3), class_N = Tensor.From([0L, 1, 1], 3);
        using Tensor maps = Tiny.Structure(grid, 3, 5);
        Tensor labels = maps.Select(1, 1), structure = StructureEmbedding.Embed(labels, 1, grid.LastStage);
        Tensor guided = teacher.PredictFinalCanvas(canvas, structure, stage, class_N, [1, 3, 4]);
        ContentGenerator generator = teacher.Model.Generator.Content;
        Tensor null_N = Tensor.Full([3], teacher.Sizes.NullClass, ScalarType.Int64);
        using var clusters = new ClusterMean(labels, 2);
        Tensor Logits(Tensor predicted) => generator.Logits(predicted, canvas, clusters);
        Tensor with = Logits(generator.PredictFinalCanvas(canvas, structure, stage, class_N));
        Tensor without = Logits(generator.PredictFinalCanvas(canvas, structure, stage, null_N));
        Tensor expected = without + (with - without) * Tensor.From([1f, 3, 4], 3, 1, 1);
        Assert.True((Logits(guided) - expected).Abs().Max().Item() < 1e-4 * expected.Abs().Max().Item());
        Assert.True((with - without).Abs().Max().Item() > 1e-3);
    }

    [Theory]
    [InlineData(DistilledPart.Structure)]
    [InlineData(DistilledPart.Content)]
    public void Constructor_LimitBelowTheModelsOwnGuidance_IsRefused(DistilledPart part)
    {
        var error = Assert.Throws<NvgDataException>(() => Task("run", Config(part) with { GuidanceLimit = 1.25 }));
        Assert.Contains("guidanceLimit must be at least", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["run/samples"]));
    }

    [Fact]
    public void Validate_SettingsOfTheOtherPart_AreRefused()
    {
        DistillationConfig content = Config(DistilledPart.Content);
        Assert.Empty(content.Validate());
        Assert.NotEmpty((content with { RankWeight = 0.1 }).Validate());
        Assert.NotEmpty((content with { TeacherSpan = 3 }).Validate());
        Assert.NotEmpty((content with { Intervals = new() { Share = 0.5 } }).Validate());
        Assert.NotEmpty((content with { GuidanceLimit = null }).Validate());
    }

    [Theory]
    [InlineData(DistilledPart.Structure, 0.0)]
    [InlineData(DistilledPart.Structure, 0.5)]
    [InlineData(DistilledPart.Content, 0.0)]
    public void Loss_Gradient_IsThatOfFiniteDifferences(DistilledPart part, double rankWeight)
    {
        DistillationConfig config = Config(part) with { RankWeight = rankWeight };
        // Targets do not depend on the student where the teacher makes all of them.
        using DistillationTraining task = Task("run", config with { TeacherSpan = 16 });
        Perturb(task.Parameters);
        int[] examples = [0, 1, 2, 3, 4, 5];
        string[] names = part == DistilledPart.Content
            ? ["content_guidance_embed.in_layer.weight", "content_guidance_embed.out_layer.weight", "x0_head.linear.weight"]
            : ["structure_step_embed.in_layer.weight", "structure_guidance_embed.out_layer.weight", "structure_head.linear.weight"];
        foreach (string name in names)
        {
            using var scope = new TensorScope();
            Tensor weight = task.Parameters[name];
            weight.RequiresGrad = true;
            using var random = new RandomGenerator(4);
            using var log = new LossLog();
            Tensor gradient = Autograd.Gradients(task.Loss(3, examples, BatchShare.All(6), random, log), [weight])[0]!;
            weight.RequiresGrad = false;
            using var directions = new RandomGenerator(6);
            Tensor direction = Tensor.Randn([.. weight.Shape], directions);
            double expected = (gradient * direction).Sum().Item();
            const double step = 2e-3;
            weight.AddInPlace(direction, step);
            double above = Loss(task, examples, BatchShare.All(6), 3);
            weight.AddInPlace(direction, -2 * step);
            double below = Loss(task, examples, BatchShare.All(6), 3);
            weight.AddInPlace(direction, step);
            // The rank loss holds the middles of clusters fixed, which finite differences move.
            double tolerance = rankWeight > 0 ? 0.35 : 0.03;
            Assert.Equal(expected, (above - below) / (2 * step), tolerance * Math.Abs(expected) + 2e-4);
        }
    }

    [Fact]
    public void SplitRankLoss_Gradient_IsThatOfFiniteDifferencesAwayFromTheMiddle()
    {
        using var scope = new TensorScope();
        Tensor labels = Tensor.From([0L, 0, 0, 0, 1, 1, 1, 1], 1, 8), sides = Tensor.From([1f, 1, 0, 0, 0, 1, 1, 0], 1, 8);
        float[] values = [0.9f, -0.2f, 0.1f, -0.8f, 0.5f, 0.6f, -0.1f, -0.7f];
        Tensor channel = Tensor.From(values, 1, 8);
        channel.RequiresGrad = true;
        float[] gradient = Autograd.Gradients(SplitRankLoss.Compute(labels, channel, sides, 2), [channel])[0]!.ToArray<float>();
        // The largest and the smallest of each cluster do not move its middle.
        foreach (int i in new[] { 0, 3, 5, 7 })
        {
            double At(double change)
            {
                float[] moved = [.. values];
                moved[i] += (float)change;
                return SplitRankLoss.Compute(labels, Tensor.From(moved, 1, 8), sides, 2).Item();
            }

            Assert.Equal((At(1e-2) - At(-1e-2)) / 2e-2, gradient[i], 2e-3);
        }

        // A position on the wrong side is pulled across.
        Assert.True(gradient[1] < 0 && gradient[2] > 0);
    }

    [Fact]
    public void SplitRankLoss_Sides_AreThoseOfSampling()
    {
        using var scope = new TensorScope();
        Tensor labels = Tensor.From([0L, 1, 0, 1], 1, 4), channel = Tensor.From([0.1f, 0.2f, 0.3f, -0.4f], 1, 4);
        Assert.Equal([0, 1, 1, 0], SplitRankLoss.Sides(labels, channel, 2).ToArray<float>());
        // A perfect and certain prediction costs almost nothing, its opposite much.
        Tensor right = Tensor.From([-1f, 1, 1, -1], 1, 4), sides = SplitRankLoss.Sides(labels, right, 2);
        Assert.True(SplitRankLoss.Compute(labels, right, sides, 2).Item() < 0.02);
        Assert.True(SplitRankLoss.Compute(labels, right, 1 - sides, 2).Item() > 3.9);
    }

    [Fact]
    public void Teacher_Velocity_IsGuidedLikeSampling()
    {
        using var scope = new TensorScope();
        using var teacher = new DistillationTeacher(_teacher.Folder, Device.Cpu, ScalarType.Float32);
        using var random = new RandomGenerator(2);
        LatentGrid grid = teacher.Sizes.Grid;
        Tensor z = Tensor.Randn([3, grid.Length, grid.LastStage], random), canvas = Tensor.Randn([3, grid.Length, 4], random);
        using Tensor maps = Tiny.Structure(grid, 3, 5);
        Tensor structure = StructureEmbedding.Embed(maps.Select(1, 1), 1, grid.LastStage), stage = Tensor.From([1L, 1, 1], 3);
        var batch = new StructureFlowBatch(z, canvas, structure, stage, Tensor.Full([3], 0.7), Tensor.From([0L, 1, 2], 3));
        Tensor guided = teacher.Velocity(batch, [1, 2, 3]);
        StructureGenerator generator = teacher.Model.Generator.Structure;
        Tensor with = batch.Predict(generator, null);
        Tensor without = (batch with { Class_N = Tensor.Full([3], teacher.Sizes.NullClass, ScalarType.Int64) }).Predict(generator, null);
        Tensor expected = (without + (with - without) * Tensor.From([1f, 2, 3], 3, 1, 1)).Narrow(2, 1, 3);
        Assert.True((guided.Narrow(2, 1, 3) - expected).Abs().Max().Item() < 1e-5);
        Assert.Equal(0, guided.Narrow(2, 0, 1).Abs().Max().Item());
    }

    public void Dispose() => _folder.Dispose();

    private static DistillationConfig Settings(DistilledPart part) => part == DistilledPart.Content
        ? new() { Teacher = "", Part = part, Training = Options }
        : new()
        {
            Teacher = "",
            Intervals = new() { Share = 0.7, FullShare = 0.4, Grid = 4 },
            TeacherSpan = 2,
            RankWeight = 0.1,
            Training = Options,
        };

    private DistillationConfig Config(DistilledPart part, bool withData = false) => Settings(part) with
    {
        Teacher = _teacher.Folder,
        Samples = withData ? null : 10,
        GuidanceLimit = part == DistilledPart.Content ? 4 : 3,
    };

    private DistillationTraining Task(string folder, DistillationConfig config) => new(config, null, Device.Cpu, _folder[folder]);

    private string Distilled(DistilledPart part)
    {
        Run("run", part, withData: false);
        return _folder["run/model"];
    }

    private void Run(string folder, DistilledPart part, bool withData, int? stopAfter = null)
    {
        using PackedDataset? data = withData ? PackedDataset.Open(_teacher.Packed) : null;
        TinyRuns.Train(
            () => new DistillationTraining(Config(part, withData), data, Device.Cpu, _folder[folder]), Options, _folder[folder], stopAfter);
    }

    private void AssertChanged(string model, Func<string, bool> mayChange)
    {
        Assert.Equal(File.ReadAllBytes(_teacher["tokenizer.safetensors"]), File.ReadAllBytes(Path.Combine(model, "tokenizer.safetensors")));
        using SafetensorsFile before = SafetensorsFile.Open(_teacher["generator.safetensors"]);
        using SafetensorsFile after = SafetensorsFile.Open(Path.Combine(model, "generator.safetensors"));
        string[] changed = [.. before.Keys.Where(n => !Bytes(before[n]).SequenceEqual(Bytes(after[n])))];
        Assert.NotEmpty(changed);
        Assert.All(changed, n => Assert.True(mayChange(n), n));
        Assert.All(before.Keys, n => Assert.Equal(before[n].ScalarType, after[n].ScalarType));
    }

    private static double Loss(DistillationTraining task, int[] examples, BatchShare share, long step = 1)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var random = new RandomGenerator(4);
        using var log = new LossLog();
        using Tensor loss = task.Loss(step, examples, share, random, log);
        return loss.Item();
    }

    private static void Perturb(ParameterStore parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var random = new RandomGenerator(9);
        foreach (string name in parameters.TrainableNames)
        {
            using Tensor noise = Tensor.Randn([.. parameters[name].Shape], random);
            parameters[name].AddInPlace(noise, 0.05);
        }
    }

    private static byte[] Bytes(Tensor tensor)
    {
        byte[] bytes = new byte[tensor.ElementCount * (tensor.ScalarType == ScalarType.BFloat16 ? 2 : 4)];
        tensor.CopyBytesTo(bytes);
        return bytes;
    }

    private static float[] Values(Tensor tensor)
    {
        using Tensor widened = tensor.To(ScalarType.Float32);
        return widened.ToArray<float>();
    }

    /// <summary>A model folder of random weights, and data of its classes.</summary>
    public sealed class Teacher : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Teacher()
        {
            Tiny.Prepare(_folder["images"], Packed);
            using NvgModel model = NvgModel.Random(
                new ModelConfig
                {
                    Name = "tiny",
                    Tokenizer = Tiny.TokenizerSizes,
                    Generator = Tiny.GeneratorSizes with { ClassCount = 2 },
                    Sampling = new SamplingOptions { StructureSteps = 2 },
                },
                seed: 3);
            model.Tokenizer.Quantizer.Codebook.MultiplyInPlace(16);
            NvgModel.Save(
                Folder, model.Config, model.Tokenizer.Parameters, model.Generator.Parameters, ["stripes", "waves"], ScalarType.BFloat16);
        }

        public string Folder => _folder["teacher"];

        public string Packed => _folder["packed"];

        public string this[string file] => Path.Combine(Folder, file);

        public void Dispose() => _folder.Dispose();
    }
}
