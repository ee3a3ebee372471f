using Nvg.Classifiers;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Classifiers;

/// <summary>Settings of <c>nvg train classifier</c>.</summary>
public sealed record ClassifierRunConfig
{
    /// <summary>Name of the model.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes.</summary>
    public required ClassifierConfig Classifier { get; init; }

    /// <summary>Images are shifted by up to this many pixels in both directions; what comes in is mirrored at the edge.</summary>
    public int Shift { get; init; } = 4;

    /// <summary>Share of the target that is spread evenly over all classes.</summary>
    public double LabelSmoothing { get; init; } = 0.1;

    /// <summary>Images that are not trained on, the last of each class in equal shares: what settings are chosen by.</summary>
    public int HeldOut { get; init; }

    /// <summary>Steps, batch, optimizer.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        foreach (string problem in Classifier.Validate().Concat(Training.Validate()))
            yield return problem;
        if (Shift < 0 || Shift >= Classifier.ImageSize)
            yield return "shift must not be negative and must be smaller than imageSize";
        if (LabelSmoothing is not (>= 0 and < 1))
            yield return "labelSmoothing must lie in [0, 1)";
        if (HeldOut < 0)
            yield return "heldOut must not be negative";
    }
}
