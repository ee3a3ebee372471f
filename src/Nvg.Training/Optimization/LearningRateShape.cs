namespace Nvg.Training.Optimization;

/// <summary>Shapes of the learning rate over a run.</summary>
public enum LearningRateShape
{
    /// <summary>Linear rise, constant, linear fall.</summary>
    WarmupHoldDecay,

    /// <summary>Linear rise, then half a cosine down.</summary>
    Cosine,
}
