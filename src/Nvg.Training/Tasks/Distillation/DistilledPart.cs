namespace Nvg.Training.Tasks.Distillation;

/// <summary>The generator that a distillation changes.</summary>
public enum DistilledPart
{
    /// <summary>
    /// The structure generator learns to take few steps, with its guidance in the same pass (docs/method.md, section 11.1).
    /// </summary>
    Structure,

    /// <summary>The content generator learns to predict guided logits in one pass (docs/method.md, section 11.2).</summary>
    Content,
}

/// <summary>Names of the parts.</summary>
internal static class DistilledParts
{
    /// <summary>The name of a part in messages.</summary>
    internal static string Name(this DistilledPart part) => part == DistilledPart.Content ? "content" : "structure";
}
