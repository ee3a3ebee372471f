namespace Nvg.Training.Planning.Facts;

/// <summary>How much a plan asks of the time it is given.</summary>
public enum PlanQuality
{
    /// <summary>Small networks and pixel losses alone: the first images come soonest.</summary>
    Draft,

    /// <summary>Networks that the time can train, with a perceptual loss if its weights are found.</summary>
    Good,

    /// <summary>Larger networks, and a discriminator if the run is long enough for one.</summary>
    Best,
}
