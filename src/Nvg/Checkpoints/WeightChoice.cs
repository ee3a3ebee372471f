namespace Nvg.Checkpoints;

/// <summary>Selects one of the two copies of the weights in a training checkpoint.</summary>
public enum WeightChoice
{
    /// <summary>The averaged weights if there are any, else the plain weights.</summary>
    AveragedIfAny,

    /// <summary>The averaged weights (EMA), which the published models are sampled with.</summary>
    Averaged,

    /// <summary>The weights of the last training step.</summary>
    Plain,
}
