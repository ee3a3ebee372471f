namespace Nvg.Control;

/// <summary>What a generated image keeps of a reference image in its first stages.</summary>
public enum KeptPart
{
    /// <summary>The structure maps: what belongs together, not what it is.</summary>
    Structure,

    /// <summary>The content tokens, over structure maps that come from elsewhere.</summary>
    Content,

    /// <summary>Structure and content: the image so far.</summary>
    Both,
}
