namespace Nvg.Classifiers;

/// <summary>What <c>config.json</c> of a classifier's folder holds.</summary>
public sealed record ClassifierModelConfig
{
    /// <summary>The layout of the folder this build writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Layout of the folder.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Name of the classifier; distances in its features carry it.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes of the network.</summary>
    public required ClassifierConfig Classifier { get; init; }

    /// <summary>Everything that is wrong with the settings; empty if nothing is.</summary>
    public IEnumerable<string> Validate()
    {
        if (Format != CurrentFormat)
            yield return $"format is {Format}, this build reads {CurrentFormat}";
        foreach (string problem in Classifier.Validate())
            yield return problem;
    }
}
