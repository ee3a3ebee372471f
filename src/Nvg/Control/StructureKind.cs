namespace Nvg.Control;

/// <summary>How an image or array is read as structure.</summary>
public enum StructureKind
{
    /// <summary>
    /// Positions are ranked by brightness, and the brighter half of every cluster becomes 2j + 1: for drawings and depth maps.
    /// </summary>
    Brightness,

    /// <summary>Every colour or number is a region; regions stay together as far as clusters of equal size allow.</summary>
    Labels,

    /// <summary>The structure that the tokenizer finds in a photograph.</summary>
    Image,

    /// <summary>
    /// Chosen by what the drawing shows: <see cref="Labels"/> if it has a few flat colours, otherwise <see cref="Brightness"/>.
    /// </summary>
    Auto,
}
