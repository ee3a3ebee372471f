namespace Nvg.Evaluation.Studies;

/// <summary>What all points of a study share.</summary>
public sealed record StudySettings
{
    /// <summary>Where pictures, figures and the reference's statistics are kept; what lies there already is used again.</summary>
    public required string Folder { get; init; }

    /// <summary>The pictures or statistics that distances are measured to.</summary>
    public required string Reference { get; init; }

    /// <summary>A data set whose pictures points with <see cref="StudyPoint.Kept"/> start from, or null.</summary>
    public string? Given { get; init; }

    /// <summary>Pictures of each class at every point.</summary>
    public int PerClass { get; init; } = 50;

    /// <summary>Seed of the first picture of each class; all points draw with the same seeds.</summary>
    public ulong Seed { get; init; }

    /// <summary>Pictures generated together.</summary>
    public int Batch { get; init; } = 50;
}
