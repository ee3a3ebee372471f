using Nvg.Classifiers;
using Nvg.Training.Optimization;
using Nvg.Training.Runs;

namespace Nvg.Training.Tasks.Classifiers;

/// <summary>Settings of <c>nvg train classifier</c>.</summary>
public sealed record ClassifierRunConfig : IRunConfiguration<ClassifierRunConfig>
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes.</summary>
    public required ClassifierConfig Classifier { get; init; }

    /// <summary>Largest random shift in pixels, in both directions; pixels beyond the edge are mirrored.</summary>
    public int Shift { get; init; } = 4;

    /// <summary>Label smoothing: the share of the target that is spread evenly over all classes.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>Images held out of training, to choose settings by: the last of each class, in equal shares.</summary>
    public int HeldOut { get; init; }

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <inheritdoc/>
    public IEnumerable<string> Validate()
    {
        foreach (string problem in Classifier.Validate().Concat(Training.Validate()))
            yield return problem;
        if (Shift < 0 || Shift >= Classifier.ImageSize)
            yield return "shift must not be negative and must be smaller than imageSize";
        if (LabelSmoothing is not (>= 0 and < 1))
            yield return "labelSmoothing must be in [0, 1)";
        if (HeldOut < 0)
            yield return "heldOut must not be negative";
        if (Training.Orientations is not null)
            yield return "orientations is not available for classifiers; leave it out";
    }

    /// <inheritdoc/>
    public ClassifierRunConfig IdentitySettings() => this with { Training = Training.Identity };
}
