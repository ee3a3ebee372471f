namespace Nvg.Server.Requests;

/// <summary>What a structure is read from.</summary>
internal enum StructureSource
{
    Brightness,
    Labels,
    Image,
    Maps,
}
