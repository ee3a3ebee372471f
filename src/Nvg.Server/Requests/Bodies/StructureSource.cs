namespace Nvg.Server.Requests.Bodies;

/// <summary>What a structure is read from.</summary>
internal enum StructureSource
{
    /// <summary>A drawing, read by what it shows; content follows its flat colours.</summary>
    Drawing,

    /// <summary>Brightness splits.</summary>
    Brightness,

    /// <summary>Every colour or number is a region.</summary>
    Labels,

    /// <summary>The structure that the tokenizer finds.</summary>
    Image,

    /// <summary>Finished maps.</summary>
    Maps,
}
