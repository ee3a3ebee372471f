namespace Nvg.Control;

/// <summary>What a generated image takes from the first stages of a reference image.</summary>
public enum KeptPart
{
    /// <summary>The structure maps: which positions belong together, but not what they show.</summary>
    Structure,

    /// <summary>The content tokens, used with structure maps from another source.</summary>
    Content,

    /// <summary>Structure and content.</summary>
    Both,
}
