using System.Text.Json.Serialization;
using Nvg.Configuration;
using Nvg.Torch;

namespace Nvg.Training.Optimization;

/// <summary>What every training run needs; defaults are the paper's (specification, sections 3 and 8).</summary>
public sealed record TrainingOptions
{
    /// <summary>Optimizer steps in all.</summary>
    public required long Steps { get; init; }

    /// <summary>Images per step.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Images computed at once, to save memory; gradients of a batch's parts add up. Null for the whole batch.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MicroBatchSize { get; init; }

    /// <summary>Peak learning rate.</summary>
    public required double LearningRate { get; init; }

    /// <summary>How the learning rate runs.</summary>
    public LearningRateShape Schedule { get; init; } = LearningRateShape.WarmupHoldDecay;

    /// <summary>Steps over which the rate rises linearly.</summary>
    public long WarmupSteps { get; init; } = 1000;

    /// <summary>Rate at step 0 as a share of the peak.</summary>
    public double StartFactor { get; init; } = 0.005;

    /// <summary>Share of the steps at the peak (warm-up, hold, decay).</summary>
    public double HoldShare { get; init; } = 0.8;

    /// <summary>Rate at the end as a share of the peak.</summary>
    public double FinalFactor { get; init; } = 0.1;

    /// <summary>AdamW's decay of the mean.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>AdamW's decay of the mean square.</summary>
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Decoupled weight decay, on parameters of two or more dimensions.</summary>
    public double WeightDecay { get; init; }

    /// <summary>Largest norm of all gradients together; 0 for no limit.</summary>
    public double ClipNorm { get; init; } = 1;

    /// <summary>Decay of the running average of the weights that is sampled with.</summary>
    public double EmaDecay { get; init; } = 0.9999;

    /// <summary>Whether images are mirrored at random.</summary>
    public bool Flip { get; init; } = true;

    /// <summary>Decides initial weights, order of the data and all noise.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Precision of matrix products and convolutions; weights stay in float32.</summary>
    public ScalarType Precision { get; init; } = ScalarType.BFloat16;

    /// <summary>Steps between log lines.</summary>
    public long LogEvery { get; init; } = 50;

    /// <summary>Steps between checkpoints.</summary>
    public long CheckpointEvery { get; init; } = 1000;

    /// <summary>The newest checkpoints that are kept.</summary>
    public int KeepCheckpoints { get; init; } = 2;

    /// <summary>Checkpoints of steps that this divides are kept too; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? KeepEvery { get; init; }

    /// <summary>A term: the checkpoint before which its mean was lowest is kept too; null for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? KeepBest { get; init; }

    /// <summary>Steps between images of what has been learned; null for those between checkpoints, 0 for none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [FormerName("pictureEvery")]
    public long? ImageEvery { get; init; }

    /// <summary>The settings without those that may change when a run continues: its length, and how often it is logged and saved.</summary>
    internal TrainingOptions Identity => this with { Steps = 1, LogEvery = 1, CheckpointEvery = 1, KeepCheckpoints = 1, KeepEvery = null, KeepBest = null, ImageEvery = null };

    /// <summary>Whether an image is taken after a step.</summary>
    internal bool ShowsAt(long step) => ImageEvery is not 0 && (step == Steps || step % (ImageEvery ?? CheckpointEvery) == 0);

    /// <summary>The learning rate of a step.</summary>
    public double LearningRateAt(long step) => LearningRate * LearningRateSchedule.Factor(this, step);

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (Steps < 1 || BatchSize < 1 || LogEvery < 1 || CheckpointEvery < 1 || KeepCheckpoints < 1)
            yield return "steps, batchSize, logEvery, checkpointEvery and keepCheckpoints must be positive";
        if (MicroBatchSize < 1)
            yield return "microBatchSize must be positive";
        if (KeepEvery < 1 || ImageEvery < 0)
            yield return "keepEvery must be positive, imageEvery not negative";
        if (LearningRate is not (> 0 and < 1) || WeightDecay < 0 || ClipNorm < 0)
            yield return "learningRate must lie in (0, 1); weightDecay and clipNorm must not be negative";
        if (Beta1 is not (>= 0 and < 1) || Beta2 is not (>= 0 and < 1) || EmaDecay is not (>= 0 and < 1))
            yield return "beta1, beta2 and emaDecay must lie in [0, 1)";
        if (WarmupSteps < 0 || HoldShare is not (>= 0 and <= 1) || StartFactor is not (>= 0 and <= 1) || FinalFactor is not (>= 0 and <= 1))
            yield return "warmupSteps must not be negative; holdShare, startFactor and finalFactor must lie in [0, 1]";
        if (Precision is not (ScalarType.Float32 or ScalarType.BFloat16))
            yield return "precision must be float32 or bFloat16";
    }
}
