namespace Nvg.Classifiers;

/// <summary>Contents of <c>config.json</c> in a classifier folder.</summary>
public sealed record ClassifierModelConfig
{
    /// <summary>Version of the folder layout that this build reads and writes.</summary>
    public const int CurrentFormat = 1;

    /// <summary>Version of the folder layout.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Name of the classifier, which also names metrics computed on its features.</summary>
    public required string Name { get; init; }

    /// <summary>Sizes of the network.</summary>
    public required ClassifierConfig Classifier { get; init; }

    /// <summary>All problems of the settings; empty if they are valid.</summary>
    public IEnumerable<string> Validate()
    {
        if (Format != CurrentFormat)
            yield return $"format is {Format}, but this build reads {CurrentFormat}";
        foreach (string problem in Classifier.Validate())
            yield return problem;
    }
}
