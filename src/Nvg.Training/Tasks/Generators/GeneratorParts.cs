namespace Nvg.Training.Tasks.Generators;

/// <summary>Which of the two generators a run trains.</summary>
public enum GeneratorParts
{
    /// <summary>Both at once.</summary>
    Both,

    /// <summary>The content generator; the structure generator stays as it starts.</summary>
    Content,

    /// <summary>The structure generator; the content generator stays as it starts.</summary>
    Structure,
}
