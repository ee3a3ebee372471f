namespace Nvg.Checkpoints;

/// <summary>Selects one of the two copies of the weights in a training checkpoint.</summary>
public enum WeightChoice
{
    /// <summary>The averaged weights if available, otherwise the plain weights.</summary>
    AveragedIfAny,

    /// <summary>The averaged weights (EMA), which are used for sampling the published models.</summary>
    Averaged,

    /// <summary>The weights of the last training step.</summary>
    Plain,
}
