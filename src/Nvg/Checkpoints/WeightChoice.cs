namespace Nvg.Checkpoints;

/// <summary>Which of a training checkpoint's two copies of the weights is wanted.</summary>
public enum WeightChoice
{
    /// <summary>The averaged copy where there is one, else the trained weights.</summary>
    AveragedIfAny,

    /// <summary>The averaged copy (EMA), which the published models sample with.</summary>
    Averaged,

    /// <summary>The weights as trained last.</summary>
    Plain,
}
