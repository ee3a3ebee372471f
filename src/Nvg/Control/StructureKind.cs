namespace Nvg.Control;

/// <summary>How an image or an array is read as structure.</summary>
public enum StructureKind
{
    /// <summary>Brightness ranks positions: the brighter half of every cluster becomes 2j + 1. Drawings in black and white, depth maps.</summary>
    Brightness,

    /// <summary>Every colour or number is a region, and regions stay together as far as halves of equal size let them.</summary>
    Labels,

    /// <summary>The image's own structure, as the tokenizer finds it.</summary>
    Image,
}
