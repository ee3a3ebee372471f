using Nvg.Data.Datasets;

namespace Nvg.Training.Planning.Facts;

/// <summary>Requirements for a plan.</summary>
public sealed record PlanRequest
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Time for everything, in hours.</summary>
    public double Hours { get; init; } = 4;

    /// <summary>Side of the images in pixels; null to choose it.</summary>
    public int? Size { get; init; }

    /// <summary>How much the plan tries to achieve in the available time.</summary>
    public PlanQuality Quality { get; init; } = PlanQuality.Good;

    /// <summary>
    /// Number of orientations in which an image is as valid as upright: 1, 2 (mirrored) or 8 (mirrored and rotated by quarter turns).
    /// </summary>
    public int Orientations { get; init; } = 2;

    /// <summary>Seed of initial weights, data order and all noise.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Time for everything, in seconds.</summary>
    internal double Seconds => Hours * 3600;

    /// <summary>All problems with the request; empty if there are none.</summary>
    public IEnumerable<string> Validate()
    {
        if (Hours is not (> 0 and <= 24 * 365))
            yield return $"hours must be more than 0 and at most 8,760 (a year), not {Hours}";
        if (Size is { } size && !ImageSizes.All.Contains(size))
            yield return $"size: a model cannot be trained on images of {size} × {size}: choose {ImageSizes.Text}";
        if (Orientations is not (1 or 2 or QuarterTurns.Orientations))
        {
            yield return $"orientations must be 1 (upright), 2 (mirrored) or {QuarterTurns.Orientations} (quarter turns too), "
                + $"not {Orientations}";
        }
    }
}
