namespace Nvg.Training.Optimization;

/// <summary>Shape of the learning rate over a run.</summary>
public enum LearningRateShape
{
    /// <summary>Linear warm-up, constant, linear decay.</summary>
    WarmupHoldDecay,

    /// <summary>Linear warm-up, then half a cosine.</summary>
    Cosine,
}
