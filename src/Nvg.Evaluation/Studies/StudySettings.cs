namespace Nvg.Evaluation.Studies;

/// <summary>What all points of a study share.</summary>
public sealed record StudySettings
{
    /// <summary>Where images, figures and the reference's statistics are kept; what lies there already is used again.</summary>
    public required string Folder { get; init; }

    /// <summary>The images or statistics that distances are measured to.</summary>
    public required string Reference { get; init; }

    /// <summary>A data set whose images points with <see cref="StudyPoint.Kept"/> start from, or null.</summary>
    public string? Given { get; init; }

    /// <summary>Images of each class at every point.</summary>
    public int PerClass { get; init; } = 50;

    /// <summary>Seed of the first image of each class; all points draw with the same seeds.</summary>
    public ulong Seed { get; init; }

    /// <summary>Images generated together.</summary>
    public int Batch { get; init; } = 50;
}
