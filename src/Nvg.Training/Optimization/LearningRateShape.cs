namespace Nvg.Training.Optimization;

/// <summary>Shape of the learning rate over a run.</summary>
public enum LearningRateShape
{
    /// <summary>Linear warm-up, constant, linear decay.</summary>
    WarmupHoldDecay,

    /// <summary>Linear warm-up, then half a cosine.</summary>
    Cosine,

    /// <summary>Linear warm-up, constant for a share of the rest, then linear decay that ends at the last step: VAR's recipe.</summary>
    WarmupLinear,
}
