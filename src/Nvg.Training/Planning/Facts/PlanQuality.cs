namespace Nvg.Training.Planning.Facts;

/// <summary>How much a plan tries to achieve in the available time.</summary>
public enum PlanQuality
{
    /// <summary>Small networks with pixel losses only, for early first images.</summary>
    Draft,

    /// <summary>Networks that can be trained in the time, with a perceptual loss if its weights are found.</summary>
    Good,

    /// <summary>Larger networks, and a discriminator if the run is long enough for one.</summary>
    Best,
}
