using System.Text.Json.Serialization;
using Nvg.Configuration;
using Nvg.Data.Datasets;
using Nvg.Torch;

namespace Nvg.Training.Optimization;

/// <summary>
/// Settings of every training run; the defaults are those of the paper (appendix A.5; docs/method.md, sections 3.6 and 8).
/// </summary>
public sealed record TrainingOptions
{
    // Far larger than in any published recipe. A step's examples are kept as a list.
    private const int LargestBatch = 1 << 20;

    /// <summary>Number of optimizer steps.</summary>
    public required long Steps { get; init; }

    /// <summary>Images per step, of all processes together.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Images that a process computes at once, to save memory; gradients accumulate. Null for the whole batch.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MicroBatchSize { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>Shape of the learning rate.</summary>
    public LearningRateShape Schedule { get; init; } = LearningRateShape.WarmupHoldDecay;

    /// <summary>Warm-up steps, over which the rate rises linearly.</summary>
    public long WarmupSteps { get; init; } = 1000;

    /// <summary>Rate at step 0 as a fraction of the peak.</summary>
    public double StartFactor { get; init; } = 0.005;

    /// <summary>
    /// Fraction of the steps after which the rate decays; with <see cref="LearningRateShape.WarmupLinear"/> that of the steps after
    /// warm-up.
    /// </summary>
    public double HoldShare { get; init; } = 0.8;

    /// <summary>Rate at the last step as a fraction of the peak.</summary>
    public double FinalFactor { get; init; } = 0.1;

    /// <summary>Decay of AdamW's first moment.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of AdamW's second moment.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Decoupled weight decay, on parameters of two or more dimensions.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Weight decay of the last step, reached along half a cosine; null for the same in all steps.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? FinalWeightDecay { get; init; }

    /// <summary>Largest gradient norm; 0 for no limit.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Decay of the running average of the weights, which the model folder holds.</summary>
    public double EmaDecay { get; init; } = 0.9999;

    /// <summary>Whether images are randomly mirrored.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>
    /// Number of orientations that images are trained in: 8 for random mirroring and random quarter turns, for images without a
    /// top and a bottom. Null if <see cref="Flip"/> alone decides.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? Orientations { get; init; }

    /// <summary>Seed of initial weights, data order and all noise.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Precision of matrix products and convolutions; weights stay in float32.</summary>
    [JsonConverter(typeof(PrecisionConverter))]
    public ScalarType Precision { get; init; } = ScalarType.BFloat16;

    /// <summary>Steps between log lines.</summary>
    public long LogEvery { get; init; } = 50;

    /// <summary>Steps between checkpoints.</summary>
    public long CheckpointEvery { get; init; } = 1000;

    /// <summary>Number of most recent checkpoints to keep.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Also keep checkpoints of steps that are multiples of this; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? KeepEvery { get; init; }

    /// <summary>Also keep the checkpoint before which the mean of this term was lowest; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? KeepBest { get; init; }

    /// <summary>Steps between preview images; null for one per checkpoint, 0 for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [FormerName("pictureEvery")]
    public long? ImageEvery { get; init; }

    /// <summary>
    /// The settings without those that may change when a run resumes: its length, and how often it logs and saves checkpoints.
    /// </summary>
    internal TrainingOptions Identity => this with
    {
        Steps = 1,
        LogEvery = 1,
        CheckpointEvery = 1,
        KeepCheckpoints = 1,
        KeepEvery = null,
        KeepBest = null,
        ImageEvery = null,
    };

    /// <summary>Whether images are mirrored.</summary>
    internal bool IsMirrored => Flip || IsTurned;

    /// <summary>Whether images are rotated by quarter turns.</summary>
    internal bool IsTurned => Orientations == QuarterTurns.Orientations;

    /// <summary>Whether a preview image is made after a step.</summary>
    internal bool IsImageStep(long step) => ImageEvery is not 0 && (step == Steps || step % (ImageEvery ?? CheckpointEvery) == 0);

    /// <summary>The learning rate of a step.</summary>
    public double LearningRateAt(long step) => LearningRate * LearningRateSchedule.Factor(this, step);

    /// <summary>The weight decay of a step.</summary>
    internal double WeightDecayAt(long step) => FinalWeightDecay is { } final
        ? LearningRateSchedule.WeightDecay(step, Steps, WeightDecay, final)
        : WeightDecay;

    /// <summary>All problems with the settings; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (Steps < 1 || BatchSize < 1 || LogEvery < 1 || CheckpointEvery < 1 || KeepCheckpoints < 1)
            yield return "steps, batchSize, logEvery, checkpointEvery and keepCheckpoints must be positive";
        if (BatchSize > LargestBatch)
            yield return $"batchSize must be at most {LargestBatch}";
        if (MicroBatchSize < 1)
            yield return "microBatchSize must be positive";
        if (KeepEvery < 1 || ImageEvery < 0)
            yield return "keepEvery must be positive, imageEvery not negative";
        if (LearningRate is not (> 0 and < 1) || WeightDecay < 0 || FinalWeightDecay < 0 || ClipNorm < 0)
            yield return "learningRate must be in (0, 1); weightDecay and clipNorm must not be negative";
        if (Beta1 is not (>= 0 and < 1) || Beta2 is not (>= 0 and < 1) || EmaDecay is not (>= 0 and < 1))
            yield return "beta1, beta2 and emaDecay must be in [0, 1)";
        if (WarmupSteps < 0 || new[] { HoldShare, StartFactor, FinalFactor }.Any(factor => factor is not (>= 0 and <= 1)))
            yield return "warmupSteps must not be negative; holdShare, startFactor and finalFactor must be in [0, 1]";
        if (Orientations is not (null or QuarterTurns.Orientations))
            yield return $"orientations must be {QuarterTurns.Orientations}; without it, images are mirrored according to flip";
        if (Precision is not (ScalarType.Float32 or ScalarType.BFloat16))
            yield return "precision must be float32 or bFloat16";
    }
}
