namespace Nvg.Evaluation.Studies;

/// <summary>Metrics of one point of a study.</summary>
public sealed record StudyResult
{
    /// <summary>Hash of everything that determines the images and metrics; a stored result is reused only if its key matches.</summary>
    public required string Key { get; init; }

    /// <summary>The point's <see cref="StudyPoint.Name"/>.</summary>
    public required string Name { get; init; }

    /// <summary>The settings that the point changes.</summary>
    public required IReadOnlyDictionary<string, string> Changes { get; init; }

    /// <summary>Number of images.</summary>
    public required int Count { get; init; }

    /// <summary>Share of images whose class the classifier recognises.</summary>
    public required double ClassAccuracy { get; init; }

    /// <summary>Mean probability that the classifier assigns to the requested class.</summary>
    public required double ClassConfidence { get; init; }

    /// <summary>Fréchet distance to the reference in the classifier's features.</summary>
    public required double FrechetDistance { get; init; }

    /// <summary>Precision: share of images inside the manifold of the reference (Kynkäänniemi et al. 2019).</summary>
    public required double Precision { get; init; }

    /// <summary>Recall: share of the reference inside the manifold of the images.</summary>
    public required double Recall { get; init; }

    /// <summary>Generation time per image in seconds.</summary>
    public required double SecondsPerImage { get; init; }
}
