namespace Nvg.Server.Requests.Bodies;

/// <summary>The kind of source that a structure is read from.</summary>
internal enum StructureSource
{
    /// <summary>A drawing, interpreted by what it shows; content follows its flat colours.</summary>
    Drawing,

    /// <summary>Splits by brightness.</summary>
    Brightness,

    /// <summary>Every colour or number is a region.</summary>
    Labels,

    /// <summary>An image, whose structure the tokenizer constructs.</summary>
    Image,

    /// <summary>Finished maps.</summary>
    Maps,
}
