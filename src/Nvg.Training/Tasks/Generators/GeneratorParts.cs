namespace Nvg.Training.Tasks.Generators;

/// <summary>The generators that a run trains.</summary>
public enum GeneratorParts
{
    /// <summary>Both jointly.</summary>
    Both,

    /// <summary>The content generator only; the structure generator keeps its initial weights.</summary>
    Content,

    /// <summary>The structure generator only; the content generator keeps its initial weights.</summary>
    Structure,
}
