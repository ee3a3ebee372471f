namespace Nvg.Control;

/// <summary>What a generated picture keeps of a reference picture in its first stages.</summary>
public enum KeptPart
{
    /// <summary>The structure maps: what belongs together, not what it is.</summary>
    Structure,

    /// <summary>The content tokens, over structure maps that come from elsewhere.</summary>
    Content,

    /// <summary>Structure and content: the picture so far.</summary>
    Both,
}
