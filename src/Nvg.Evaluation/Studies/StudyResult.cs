namespace Nvg.Evaluation.Studies;

/// <summary>Figures of one point of a study.</summary>
public sealed record StudyResult
{
    /// <summary>All that decides the images and figures; a result is used again only with the same.</summary>
    public required string Key { get; init; }

    /// <summary>The point, as <see cref="StudyPoint.Name"/>.</summary>
    public required string Name { get; init; }

    /// <summary>What the point changes.</summary>
    public required IReadOnlyDictionary<string, string> Changes { get; init; }

    /// <summary>Images that were measured.</summary>
    public required int Count { get; init; }

    /// <summary>Share whose class the classifier names.</summary>
    public required double ClassAccuracy { get; init; }

    /// <summary>Mean probability that the classifier gives to the class that was asked for.</summary>
    public required double ClassConfidence { get; init; }

    /// <summary>Fréchet distance to the reference in the classifier's features.</summary>
    public required double FrechetDistance { get; init; }

    /// <summary>Share of images that lie among the reference (Kynkäänniemi et al. 2019).</summary>
    public required double Precision { get; init; }

    /// <summary>Share of the reference that lies among the images.</summary>
    public required double Recall { get; init; }

    /// <summary>Time of generation per image, where it was generated.</summary>
    public required double SecondsPerImage { get; init; }
}
