using Nvg.Data.Datasets;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Training.Adversarial;
using Nvg.Training.Optimization;
using Nvg.Training.Planning.Facts;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Planning;

/// <summary>Makes a plan only from facts, so the same facts give the same plan.</summary>
public sealed class TrainingPlanner
{
    // Classes with fewer images than this cannot be learned, or measured.
    private const int SmallestUsefulClass = 4, SmallestJudgedClass = 12;
    private const int LeastSteps = 30, ManySteps = 3000, MostEpochsOfClassifier = 60;
    private const int Previews = 8, PreviewImages = 16;

    // Time for loading programs, checkpoints and the export, in seconds.
    private const double Overhead = 3;

    // Share of the time that the preparation may take.
    private const double LongestPreparation = 0.4;

    // Encoding may take this share of the generators' time.
    private const double EncodingShare = 0.25;

    private readonly PlanRequest _request;
    private readonly DataFacts _data;
    private readonly MachineFacts _machine;
    private readonly TimeBudget _time;
    private readonly PlannedSizes _sizes;
    private readonly StageRates _rates;
    private readonly List<PlanChoice> _choices = [];
    private readonly int _heldOut;

    private TrainingPlanner(PlanRequest request, DataFacts data, MachineFacts machine, StageRates? measured)
    {
        (_request, _data, _machine) = (request, data, machine);
        _heldOut = data.PreparedSide is null ? HeldOutOf(data.Images) : 0;
        int packed = data.PreparedSide is null ? data.Images : 0;
        _time = TimeBudget.Divide(request.Seconds, packed, machine.Threads, WithClassifier);
        if (_time.Preparation > LongestPreparation * request.Seconds)
        {
            throw new NvgDataException(
                $"reading and packing {packed:N0} images alone takes about {PlanText.Time(_time.Preparation)}: "
                + $"give at least --hours {PlanText.Hours(_time.Preparation / LongestPreparation / 3600 * 1.05)}");
        }

        AddData();
        _sizes = SizePlanner.Choose(request, data, machine, _time, measured, _choices);
        _rates = measured ?? _sizes.Estimate(machine);
        if (measured is not null)
            _time = TimeBudget.Divide(request.Seconds, packed, machine.Threads, WithClassifier, measured.Sampling);
        if (machine.Precision != ScalarType.BFloat16)
            Add("precision", "float32", "this machine has no fast bfloat16");
    }

    private bool IgnoresClasses => _data.Classes.Count > 1 && (double)_data.Images / _data.Classes.Count < SmallestUsefulClass;

    private int ClassCount => IgnoresClasses ? 1 : _data.Classes.Count;

    private bool WithClassifier => ClassCount > 1 && _data.SmallestClass >= SmallestJudgedClass;

    private int TrainingImages => _data.Images - _heldOut;

    /// <summary>Makes a plan.</summary>
    /// <param name="request">The request.</param>
    /// <param name="data">The images.</param>
    /// <param name="machine">The machine.</param>
    /// <param name="measured">Rates measured with the networks of the plan; null to estimate them.</param>
    /// <exception cref="NvgDataException">The request cannot be met; the message says what is possible.</exception>
    public static TrainingPlan Plan(PlanRequest request, DataFacts data, MachineFacts machine, StageRates? measured = null)
    {
        Require([.. request.Validate(), .. ProblemsOf(data)]);
        TrainingPlan plan = new TrainingPlanner(request, data, machine, measured).Plan();
        Require([.. plan.Validate()]);
        return plan;
    }

    private static void Require(IReadOnlyList<string> problems)
    {
        if (problems.Count > 0)
            throw new NvgDataException(string.Join("; ", problems));
    }

    private static IEnumerable<string> ProblemsOf(DataFacts data)
    {
        if (data.Images < 2)
            yield return $"{data.Source}: {data.Images} images are too few to train on";
        if (data.PreparedSide is { } side && !ImageSizes.All.Contains(side))
        {
            yield return $"{data.Source} has images of {side} × {side}, a size that no model supports: "
                + $"prepare it with a size of {ImageSizes.Text}";
        }
    }

    // A twentieth, but at least a few images even of a small collection.
    private static int HeldOutOf(int images) => images < 20 ? 0 : Math.Clamp(images / 20, Math.Min(10, images / 10), 500);

    private void AddData()
    {
        if (_heldOut > 0)
            Add("held out", $"{_heldOut:N0} images", "reconstructions are measured on images that were not trained on");
        else
            Add("held out", "none", _data.PreparedSide is null ? "too few images" : "all images of a prepared data set are trained on");
        if (IgnoresClasses)
        {
            Add("classes", "ignored", $"{_data.Classes.Count:N0} classes have {(double)_data.Images / _data.Classes.Count:F1} images each "
                + $"on average; a class needs {SmallestUsefulClass} to be learned");
        }
        else if (ClassCount > 1)
        {
            Add("classes", $"{ClassCount:N0}", "images are generated by class");
        }
    }

    private TrainingPlan Plan()
    {
        TokenizerRunConfig tokenizer = Tokenizer(out PlannedStage tokenizing);
        ClassifierRunConfig? classifier = Classifier(out PlannedStage? classifying);
        GeneratorRunConfig generator = Generator(tokenizer, out PlannedStage generating);
        PlannedStage[] stages =
        [
            new(
                StageNames.Preparation, _time.Preparation), tokenizing, .. classifying is null ? (PlannedStage[])[] : [classifying],
                generating,
            new(StageNames.Measurement, _time.Measurement),
        ];
        return new TrainingPlan
        {
            Request = _request,
            Data = _data,
            Machine = _machine,
            Rates = _rates,
            Size = _sizes.Size,
            HeldOut = _heldOut,
            IgnoresClasses = IgnoresClasses,
            Choices = _choices,
            Expectations = [.. Expectation.Of(_data, TrainingImages, ClassCount, generating, _sizes)],
            Tokenizer = tokenizer,
            Classifier = classifier,
            Generator = generator,
            Stages = stages,
        };
    }

    private TokenizerRunConfig Tokenizer(out PlannedStage stage)
    {
        double seconds = Math.Max(0, _time.Tokenizer - Overhead), seen = seconds * _rates.Tokenizer;
        int batch = Batches.For(seen, _machine, count => CostModel.TokenizerMemory(_sizes.Tokenizer.Tokenizer, count));
        batch = Math.Min(batch, 64);
        long steps = Steps(StageNames.Tokenizer, seen, batch);
        stage = Stage(StageNames.Tokenizer, _time.Tokenizer, steps, batch) with
        {
            MemoryBytes = CostModel.TokenizerMemory(_sizes.Tokenizer.Tokenizer, batch),
        };
        return _sizes.Tokenizer with
        {
            Name = $"{_request.Name}-tokenizer",
            Loss = _sizes.Tokenizer.Loss with
            {
                // A weak pull towards the codes lets colours spread in the latent sooner. Long runs need a codebook that fits the latents.
                Quantizer = steps < ManySteps ? 0.1 : 1,
                WarmupSteps = Math.Clamp(steps / 8, 20, 1000),
                ReviveEvery = 20,
                ReviveUntil = steps / 2,
                Adversarial = Discriminator(steps),
            },
            Training = Training(steps, batch, TokenizerRate(batch, steps)),
        };
    }

    // The learning rate grows with the square root of the batch size. Wide networks and long runs need a lower rate.
    private double TokenizerRate(int batch, long steps) =>
        (steps < ManySteps ? 2.8e-3 : 1e-3) * Math.Sqrt(batch / 32.0)
            * Math.Sqrt(16.0 / Math.Max(16, _sizes.Tokenizer.Tokenizer.BaseChannels));

    private AdversarialOptions? Discriminator(long steps)
    {
        long needed = _request.Quality switch { PlanQuality.Draft => long.MaxValue, PlanQuality.Best => 2000, _ => 6000 };
        if (steps < needed || _sizes.Size < 32)
        {
            Add(
                "discriminator", "none",
                _request.Quality == PlanQuality.Draft ? "not used in a draft" : $"needs {needed:N0} steps to be useful");
            return null;
        }

        // Factor that lifts the contrast of the data to that of strong photographs.
        double contrast = Math.Round(Math.Clamp(0.6 / Math.Max(0.05, _data.Contrast), 1, 8), 1);
        Add("discriminator", "patches", $"from step {steps / 3:N0} on, so that the decoder invents texture");
        return new AdversarialOptions
        {
            PatchChannels = 32,
            PatchHalvings = 2,
            Weight = 0.1,
            Contrast = contrast,
            StartStep = steps / 3,
            WarmupSteps = steps / 20,
            LearningRateFactor = 0.5,
        };
    }

    private GeneratorRunConfig Generator(TokenizerRunConfig tokenizer, out PlannedStage stage)
    {
        int length = tokenizer.Tokenizer.Grid.Length, orientations = EncodedOrientations();
        double previews = Previews * PreviewImages / _rates.Sampling, encoding = (double)TrainingImages * orientations / _rates.Encoding;
        previews = Math.Min(previews, 0.1 * _time.Generator);
        double seconds = Math.Max(0, _time.Generator - encoding - previews - Overhead), seen = seconds * _rates.Generator;
        long Memory(int count) => CostModel.GeneratorMemory(length, _sizes.Depth, (_sizes.ContentStages, _sizes.StructureStages), count);
        int batch = Batches.For(seen, _machine, Memory);
        long steps = Steps(StageNames.Generator, seen, batch);
        stage = Stage(StageNames.Generator, _time.Generator, steps, batch) with { MemoryBytes = Memory(batch) };
        return new GeneratorRunConfig
        {
            Name = _request.Name,
            Tokenizer = $"{StageNames.Tokenizer}/model",
            Depth = _sizes.Depth,
            // The largest single gain of small models: docs/training-small.md.
            TokenFeatures = tokenizer.Tokenizer.LatentChannels <= 16 ? 64 : 0,
            Loss = new GeneratorLossOptions
            {
                NullClassShare = ClassCount > 1 ? 0.1 : 0,
                ContentStages = _sizes.ContentStages,
                StructureStages = _sizes.StructureStages,
                TokenHeadVariance = 0.5,
                DropPath = false,
            },
            Training = Training(
                steps, batch, 1e-3 * Math.Sqrt(batch / 64.0) * Math.Sqrt(4.0 / Math.Max(4, _sizes.Depth)), orientations) with
            {
                WeightDecay = 0.05,
                ImageEvery = PreviewInterval(steps, previews),
            },
            Sampling = Sampling(),
        };
    }

    private static long PreviewInterval(long steps, double seconds) => seconds > 0 ? Math.Max(1, steps / Previews) : 0;

    // With a single class there is nothing to guide towards, so the second pass is not needed.
    private SamplingOptions Sampling() => new()
    {
        ContentGuidance = ClassCount > 1 ? StageSchedule.Linear(1, 2.5) : StageSchedule.Constant(1),
        StructureGuidance = ClassCount > 1 ? StageSchedule.Linear(1, 2.5) : StageSchedule.Constant(1),
        TopP = StageSchedule.Power(1, 0.7),
        StructureSteps = StructureSteps.Constant(8),
    };

    private int EncodedOrientations()
    {
        int most = _request.Orientations;
        double single = TrainingImages / _rates.Encoding;
        int encoded = new[] { QuarterTurns.Orientations, 2, 1 }.Where(o => o <= most)
            .FirstOrDefault(o => o * single <= EncodingShare * _time.Generator, 1);
        Add("orientations", encoded switch { 1 => "upright", 2 => "upright and mirrored", _ => "mirrored and rotated" }, encoded < most
            ? $"encoding {most} orientations of {TrainingImages:N0} images would take {PlanText.Time(most * single)}"
            : most == 2 ? "the default; give --orientations 1 if images must not be mirrored, 8 if they may also be rotated" : "as asked");
        return encoded;
    }

    private ClassifierRunConfig? Classifier(out PlannedStage? stage)
    {
        stage = null;
        if (_time.Classifier <= 0)
        {
            if (ClassCount > 1)
                Add(
                    "classifier", "none",
                    WithClassifier ? "the time is too short for one" : $"needs {SmallestJudgedClass} images of every class");
            return null;
        }

        const int largestBatch = 128;
        int batch = Math.Min(largestBatch, 1 << int.Log2(Math.Max(Batches.Smallest, TrainingImages / 4)));
        double seconds = Math.Max(0, _time.Classifier - Overhead);
        long useful = (long)MostEpochsOfClassifier * TrainingImages / batch;
        long steps = Math.Min(useful, (long)(seconds * _rates.Classifier / batch));
        if (steps < LeastSteps)
        {
            Add("classifier", "none", "the time is too short for one");
            return null;
        }

        stage = Stage(StageNames.Classifier, Math.Min(_time.Classifier, Overhead + steps * batch / _rates.Classifier), steps, batch);
        Add("classifier", $"{string.Join(", ", _sizes.ClassifierChannels)} channels", "judges whether generated images show their class");
        return new ClassifierRunConfig
        {
            Name = $"{_request.Name}-classifier",
            Classifier = new()
            {
                ImageSize = _sizes.Size,
                WhiteningChannels = 32,
                BlockChannels = _sizes.ClassifierChannels,
                ClassCount = ClassCount,
            },
            Shift = Math.Max(1, _sizes.Size / 16),
            Training = Training(steps, batch, 4e-3) with
            {
                FinalFactor = 0.01,
                WeightDecay = 0.05,
                Beta2 = 0.98,
                ClipNorm = 0,
                Flip = _request.Orientations > 1,
                Orientations = null,
            },
        };
    }

    private long Steps(string stage, double seen, int batch)
    {
        long steps = (long)(seen / batch);
        if (steps >= LeastSteps)
            return steps;
        double hours = _request.Hours * Math.Max(1.5, LeastSteps * 2.0 / Math.Max(0.5, seen / batch));
        throw new NvgDataException(
            $"{PlanText.Time(_request.Seconds)} allows only {steps} {(steps == 1 ? "step" : "steps")} of the {stage}, "
            + "too few to learn anything: "
            + $"give at least --hours {PlanText.Hours(hours)}, or a smaller --size");
    }

    private TrainingOptions Training(long steps, int batch, double learningRate, int? orientations = null)
    {
        int valid = orientations ?? _request.Orientations;
        return new TrainingOptions
        {
            Steps = steps,
            BatchSize = batch,
            LearningRate = Math.Round(learningRate, 6),
            WarmupSteps = Math.Clamp(steps / 20, 5, 500),
            HoldShare = steps < ManySteps ? 0.5 : 0.7,
            FinalFactor = 0.02,
            EmaDecay = Math.Round(Math.Clamp(1 - 20.0 / steps, 0.8, 0.9995), 5),
            Flip = valid > 1,
            Orientations = valid == QuarterTurns.Orientations ? valid : null,
            LogEvery = Math.Clamp(steps / 100, 1, 50),
            CheckpointEvery = Math.Clamp(steps / 10, 1, 1000),
            ImageEvery = Math.Max(1, steps / Previews),
            Precision = _machine.Precision,
            Seed = _request.Seed,
        };
    }

    private PlannedStage Stage(string name, double seconds, long steps, int batch) => new(name, seconds)
    {
        Steps = steps,
        Batch = batch,
        Epochs = (double)steps * batch / TrainingImages,
    };

    private void Add(string name, string value, string reason) => _choices.Add(new PlanChoice(name, value, reason));
}
