namespace Nvg.Server.Requests.Bodies;

/// <summary>What a structure is read from.</summary>
internal enum StructureSource
{
    Brightness,
    Labels,
    Image,
    Maps,
}
