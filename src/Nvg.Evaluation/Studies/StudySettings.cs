namespace Nvg.Evaluation.Studies;

/// <summary>The settings that all points of a study share.</summary>
public sealed record StudySettings
{
    /// <summary>Folder for images, metrics and the statistics of the reference; existing results in it are reused.</summary>
    public required string Folder { get; init; }

    /// <summary>The reference images or statistics.</summary>
    public required string Reference { get; init; }

    /// <summary>The data set from which points with <see cref="StudyPoint.Kept"/> take stages, or null.</summary>
    public string? Given { get; init; }

    /// <summary>Images per class at every point.</summary>
    public int PerClass { get; init; } = 50;

    /// <summary>Seed of the first image of each class; every point uses the same seeds.</summary>
    public ulong Seed { get; init; }

    /// <summary>Images per batch.</summary>
    public int Batch { get; init; } = 50;
}
