using System.Text.Json.Nodes;
using Nvg.Data.Datasets;
using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;
using Nvg.Training.Adversarial;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Tests;

/// <summary>Runs with everything that the tokenizer's loss can have: LPIPS, a discriminator, stage dropout, parts of batches.</summary>
[Collection(RunsAlone.Name)]
[NoTensorLeaks]
public sealed class TokenizerRecipeTests : IClassFixture<TokenizerRecipeTests.Data>, IDisposable
{
    private const int Steps = 8;

    private readonly Data _data;
    private readonly TemporaryFolder _folder = new();

    public TokenizerRecipeTests(Data data) => _data = data;

    [Theory]
    [InlineData(DiscriminatorKind.Patch, 2)]
    [InlineData(DiscriminatorKind.Patch, null)]
    [InlineData(DiscriminatorKind.Dino, 2)]
    public void Run_WholeRecipe_IsFiniteAndFollowsTheRecordedCurve(DiscriminatorKind kind, int? microBatchSize)
    {
        TokenizerRunConfig config = Config(kind);
        Run("run", config with { Training = config.Training with { MicroBatchSize = microBatchSize } });
        JsonNode[] statistics = Statistics("run");
        string[] terms = [
            "l1", "quantizer", "perceptual", "adversarial", "discriminator", "lecam", "gradient_norm", "gradient_norm_discriminator",
            "codebook_usage_0", "codebook_perplexity_4"];
        Assert.All(terms, term => Assert.True(double.IsFinite((double)statistics[^1][term]!), term));
        // The game starts after two steps.
        Assert.Null(statistics[0]["adversarial"]);
        Assert.NotNull(statistics[1]["adversarial"]);
        RecordedCurves.AssertFollowed($"tokenizer {kind}", [.. statistics.Select(s => (double)s["loss"]!)]);
    }

    [Theory]
    [InlineData(DiscriminatorKind.Patch, 2)]
    [InlineData(DiscriminatorKind.Patch, 4)]
    [InlineData(DiscriminatorKind.Dino, 4)]
    public void Run_StoppedAndContinued_EndsBitForBitTheSame(DiscriminatorKind kind, int stopAfter)
    {
        Run("straight", Config(kind));
        Run("stopped", Config(kind), stopAfter);
        Run("stopped", Config(kind));
        // Weights hold the discriminator and LeCAM's averages, the optimizer the moments and steps of both players.
        Assert.All(["weights", "average", "optimizer"], file =>
        {
            string path = $"checkpoints/step-{Steps:D8}/{file}.safetensors";
            Assert.Equal(File.ReadAllBytes(_folder[$"straight/{path}"]), File.ReadAllBytes(_folder[$"stopped/{path}"]));
        });
        using SafetensorsFile optimizer = SafetensorsFile.Open(_folder[$"straight/checkpoints/step-{Steps:D8}/optimizer.safetensors"]);
        Assert.Equal(Steps - 2, optimizer["steps.discriminator"].Item());
        using SafetensorsFile average = SafetensorsFile.Open(_folder[$"straight/checkpoints/step-{Steps:D8}/average.safetensors"]);
        Assert.DoesNotContain(average.Keys, name => name.StartsWith("discriminator", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DiscriminatorKind.Patch)]
    [InlineData(DiscriminatorKind.Dino)]
    public void Run_WholeRecipeInBFloat16_StaysNearFloat32(DiscriminatorKind kind)
    {
        TokenizerRunConfig config = Config(kind);
        Run("full", config);
        Run("half", config with { Training = config.Training with { Precision = ScalarType.BFloat16 } });
        JsonNode full = Statistics("full")[1], half = Statistics("half")[1];
        // Three significant digits, and a few steps in which runs drift apart.
        Assert.All(
            ["l1", "perceptual", "discriminator", "adversarial"],
            term => Assert.InRange((double)half[term]! / (double)full[term]!, 0.9, 1.1));
    }

    [Fact]
    public void Loss_OfBothPlayers_GivesEachOnlyItsOwnGradient()
    {
        using var scope = new TensorScope();
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        // With no adversarial weight the tokenizer's gradient must be that without a discriminator, to the last bit.
        TokenizerRunConfig config = Config(
            DiscriminatorKind.Patch, weight: 0), alone = config with { Loss = config.Loss with { Adversarial = null } };
        using var both = new TokenizerTraining(config, data, Device.Cpu);
        using var single = new TokenizerTraining(alone, data, Device.Cpu);
        string[] tokenizer = [.. single.Parameters.TrainableNames], discriminator = [.. both.Groups[1].Names];
        Assert.Equal(tokenizer, both.Groups[0].Names);
        Tensor?[] expected = Gradients(single, tokenizer), actual = Gradients(both, tokenizer);
        Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First?.ToArray<float>(), pair.Second?.ToArray<float>()));
        // The discriminator's gradient is that of its own loss: the tokenizer's adversarial weight does not change it.
        using var unweighted = new TokenizerTraining(config, data, Device.Cpu);
        using var weighted = new TokenizerTraining(Config(DiscriminatorKind.Patch, weight: 5), data, Device.Cpu);
        Assert.All(
            Gradients(unweighted, discriminator).Zip(Gradients(weighted, discriminator)),
            pair => Assert.Equal(pair.First!.ToArray<float>(), pair.Second!.ToArray<float>()));
        Assert.Contains(
            Gradients(weighted, tokenizer).Zip(expected),
            pair => !(pair.First?.ToArray<float>() ?? []).SequenceEqual(pair.Second?.ToArray<float>() ?? []));
    }

    [Fact]
    public void Run_PartsOfABatch_AddUpToTheWhole()
    {
        // Without batch statistics, random parts and clipping the gradient of a batch is the mean over its images.
        TokenizerRunConfig plain = Config(DiscriminatorKind.Patch) with { Loss = new() { StageDropout = 0.5 } };
        TrainingOptions whole = plain.Training with { Steps = 2, MicroBatchSize = null };
        Run("whole", plain with { Training = whole });
        Run("parts", plain with { Training = whole with { MicroBatchSize = 1 } });
        TinyRuns.AssertSameWeights(_folder["whole"], _folder["parts"], step: 2, tolerance: 2e-4);
    }

    [Theory]
    [InlineData(1, 2)]
    [InlineData(1, 3)]
    [InlineData(2, null)]
    [InlineData(2, 2)]
    [InlineData(3, 1)]
    public void Run_DividedAmongProcessesAndParts_EndsAsTheWholeBatchDoes(int processes, int? microBatchSize)
    {
        // Five images, so that neither shares nor parts are equal. LeCAM alone looks at the step before where there are parts.
        TokenizerRunConfig config = Config(DiscriminatorKind.Patch), divided;
        config = config with
        {
            Loss = config.Loss with
            {
                Adversarial = config.Loss.Adversarial! with { LecamWeight = microBatchSize is null ? 0.1 : 0, StartStep = 0 },
            },
            Training = config.Training with { BatchSize = 5, MicroBatchSize = null, Steps = 4 },
        };
        divided = config with { Training = config.Training with { MicroBatchSize = microBatchSize } };
        Run("whole", config);
        RunTogether("divided", processes, divided);
        TinyRuns.AssertSameWeights(_folder["whole"], _folder["divided"], step: 4, tolerance: 2e-5);
        JsonNode whole = Statistics("whole")[^1], found = Statistics("divided")[^1];
        Assert.Equal(whole.AsObject().Select(t => t.Key), found.AsObject().Select(t => t.Key));
        foreach (string term in whole.AsObject().Select(t => t.Key).Except(["imagesPerSecond", "memoryMiB"]))
            Assert.Equal((double)whole[term]!, (double)found[term]!, 1e-4 + 1e-3 * Math.Abs((double)whole[term]!));
    }

    [Fact]
    public void Run_DiscriminatorOnDinoInParts_DoesNotDependOnTheProcesses()
    {
        // Its norms look at the images at hand: the same parts in one process and in two.
        TokenizerRunConfig config = Config(DiscriminatorKind.Dino);
        config = config with
        {
            Loss = config.Loss with { Adversarial = config.Loss.Adversarial! with { LecamWeight = 0 } },
            Training = config.Training with { Steps = 4 },
        };
        Run("one", config);
        RunTogether("two", 2, config);
        // What is added before a norm has no gradient but rounding.
        TinyRuns.AssertSameWeights(_folder["one"], _folder["two"], step: 4, tolerance: 2e-5,
            except: name => name.StartsWith("discriminator", StringComparison.Ordinal) && name.EndsWith(
                ".0.bias", StringComparison.Ordinal));
    }

    [Fact]
    public void Validate_RevivalInParts_IsRefusedInOneLine()
    {
        TokenizerRunConfig config = Config(DiscriminatorKind.Patch);
        config = config with { Loss = config.Loss with { ReviveEvery = 3, ReviveUntil = 8 } };
        string problem = Assert.Single(config.Validate());
        Assert.Contains("reviveEvery", problem, StringComparison.Ordinal);
        Assert.Contains("microBatchSize", problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem);
        Assert.Empty((config with { Training = config.Training with { MicroBatchSize = null } }).Validate());
        Assert.Empty((config with { Loss = config.Loss with { ReviveEvery = 0 } }).Validate());
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(9, 0)]
    [InlineData(10, 0.02)]
    [InlineData(12, 0.06)]
    [InlineData(14, 0.1)]
    [InlineData(1000, 0.1)]
    public void WeightAt_StartAndWarmup_RisesLinearly(long step, double weight) =>
        Assert.Equal(weight, new AdversarialOptions { StartStep = 10, WarmupSteps = 5 }.WeightAt(step), 1e-12);

    [Fact]
    public void Validate_WrongSettings_AreNamed()
    {
        Assert.Empty(Config(DiscriminatorKind.Patch).Validate());
        TokenizerRunConfig wrong = Config(DiscriminatorKind.Patch) with
        {
            Tokenizer = Tiny.TokenizerSizes,
            Loss = new()
            {
                StageDropout = 2,
                Perceptual = new() { Weights = "a", LinearWeights = "b" },
                Adversarial = new() { PatchHalvings = 3, LecamDecay = 1 },
            },
            Crop = new() { SmallestZoom = 0.5 },
        };
        Assert.Equal(5, wrong.Validate().Count());
        Assert.Contains(
            "dinoWeights",
            Assert.Single(new AdversarialOptions { Discriminator = DiscriminatorKind.Dino }.Validate(32)),
            StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_WeightsOfAnotherNetwork_AreRefused()
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        TokenizerRunConfig config = Config(DiscriminatorKind.Dino), lpips = config;
        config =
            config with { Loss = config.Loss with { Adversarial = config.Loss.Adversarial! with { DinoWeights = _data.LinearWeights } } };
        Assert.Contains(
            "vision transformer",
            Assert.Throws<NvgDataException>(() => new TokenizerTraining(config, data, Device.Cpu)).Message,
            StringComparison.Ordinal);
        lpips = lpips with { Loss = lpips.Loss with { Perceptual = lpips.Loss.Perceptual! with { Weights = _data.Dino } } };
        Assert.Contains(
            "does not hold the weights",
            Assert.Throws<NvgDataException>(() => new TokenizerTraining(lpips, data, Device.Cpu)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Run_DecoderOnly_KeepsEncoderAndQuantizerExactly()
    {
        Run("first", Config(DiscriminatorKind.Patch));
        TokenizerRunConfig config = Config(DiscriminatorKind.Patch) with { Start = _folder["first/model"], Parts = TokenizerParts.Decoder };
        Assert.Empty(config.Validate());
        Assert.Contains("needs start", Assert.Single((config with { Start = null }).Validate()), StringComparison.Ordinal);
        TokenizerRunConfig reviving = config with
        {
            Loss = config.Loss with { ReviveEvery = 3 },
            Training = config.Training with { MicroBatchSize = null },
        };
        Assert.Contains("loss.reviveEvery", Assert.Single(reviving.Validate()), StringComparison.Ordinal);
        Run("second", config);
        using SafetensorsFile before = SafetensorsFile.Open(_folder["first/model/tokenizer.safetensors"]);
        using SafetensorsFile after = SafetensorsFile.Open(_folder["second/model/tokenizer.safetensors"]);
        Assert.Equal(before.Keys.Order(), after.Keys.Order());
        foreach (string name in before.Keys)
        {
            double change = before[name].ToArray<float>().Zip(after[name].ToArray<float>(), (a, b) => Math.Abs(a - b)).Max();
            if (name.StartsWith("decoder.", StringComparison.Ordinal))
                Assert.True(change > 1e-5, name);
            else
                Assert.Equal(0, change);
        }
    }

    public void Dispose() => _folder.Dispose();

    private static Tensor?[] Gradients(TokenizerTraining task, string[] names)
    {
        using var log = new LossLog();
        using var random = new RandomGenerator(7);
        foreach (string name in task.Parameters.TrainableNames)
            task.Parameters[name].RequiresGrad = true;
        using Tensor loss = task.Loss(5, [0, 3, 7, 9], BatchShare.All(4), random, log);
        return Autograd.Gradients(loss, [.. names.Select(n => task.Parameters[n])]);
    }

    private TokenizerRunConfig Config(DiscriminatorKind kind, double weight = 0.1) => new()
    {
        Name = "tiny",
        Tokenizer = Tiny.TokenizerSizes with { ImageSize = 32, ChannelMultipliers = [1, 1, 1, 1] },
        Loss = new()
        {
            WarmupSteps = 3,
            StageDropout = 0.5,
            Perceptual = new() { Backbone = PerceptualBackbone.SqueezeNet, Weights = _data.Backbone, LinearWeights = _data.LinearWeights },
            Adversarial = new()
            {
                Discriminator = kind,
                DinoWeights = _data.Dino,
                DinoBlocks = [0, 1],
                PatchChannels = 4,
                PatchHalvings = 2,
                Weight = weight,
                StartStep = 2,
                WarmupSteps = 2,
            },
        },
        Training = new()
        {
            Steps = Steps,
            BatchSize = 4,
            MicroBatchSize = 2,
            LearningRate = 2e-3,
            WarmupSteps = 3,
            EmaDecay = 0.9,
            Precision = ScalarType.Float32,
            LogEvery = 2,
            CheckpointEvery = 4,
        },
    };

    private void Run(string folder, TokenizerRunConfig config, int? stopAfter = null)
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        TinyRuns.Train(() => new TokenizerTraining(config, data, Device.Cpu), config.Training, _folder[folder], stopAfter);
    }

    private void RunTogether(string folder, int processes, TokenizerRunConfig config)
    {
        using PackedDataset data = PackedDataset.Open(_data.Packed);
        TinyRuns.TrainTogether(
            processes,
            group => new TokenizerTraining(config, data, Device.Cpu, group),
            config.Training,
            _folder[folder]);
    }

    private JsonNode[] Statistics(string folder) => TinyRuns.Statistics(_folder[folder]);

    /// <summary>Images, and files of random weights in the forms that published ones have.</summary>
    public sealed class Data : IDisposable
    {
        private readonly TemporaryFolder _folder = new();

        public Data()
        {
            Tiny.Prepare(_folder["images"], Packed, size: 32);
            using var scope = new TensorScope();
            using var source = new RememberingSource();
            using (PerceptualDistance.From(PerceptualBackbone.SqueezeNet, source, source))
                SafetensorsFile.Write(LinearWeights, source.Given);
            File.Copy(LinearWeights, Backbone);
            using var transformer = new VisionTransformer(
                ParameterSource.Random(3), TinyTransformer.Config with { ApproximateGelu = true });
            SafetensorsFile.Write(Dino, transformer.Parameters);
        }

        public string Packed => _folder["packed"];

        public string Backbone => _folder["squeeze.safetensors"];

        public string LinearWeights => _folder["linear.safetensors"];

        public string Dino => _folder["dino.safetensors"];

        public void Dispose() => _folder.Dispose();
    }

    /// <summary>Random parameters, all above zero where the method wants them so, kept to be written to a file.</summary>
    private sealed class RememberingSource : ParameterSource, IDisposable
    {
        private readonly ParameterSource _random = Random(1);

        public Dictionary<string, Tensor> Given { get; } = [];

        public override Tensor Get(string name, long[] shape, Initialization initialization)
        {
            using Tensor drawn = _random.Get(name, shape, initialization);
            Given[name] = (name.StartsWith("lin", StringComparison.Ordinal) ? drawn.Abs() : drawn.Clone()).Own();
            return Given[name].Clone();
        }

        public void Dispose()
        {
            foreach (Tensor tensor in Given.Values)
                tensor.Dispose();
        }
    }
}
