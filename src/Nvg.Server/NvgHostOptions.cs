namespace Nvg.Server;

/// <summary>Settings of a whole server (<see cref="Hosting.NvgServerHost"/>): where it listens, and who may reach it.</summary>
public sealed class NvgHostOptions
{
    /// <summary>The address where it listens unless another is given.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";

    /// <summary>Addresses where it listens; a port of 0 takes any free one.</summary>
    public IReadOnlyList<string> Urls { get; set; } = [DefaultUrl];

    /// <summary>
    /// Names by which clients may call it, or <c>*</c> for any. Null for localhost and loopback addresses, and for any with keys.
    /// </summary>
    public IReadOnlyList<string>? Hosts { get; set; }

    /// <summary>Whether it may listen beyond this machine without keys.</summary>
    public bool AllowsNetworkWithoutKey { get; set; }

    /// <summary>The most connections at a time.</summary>
    public int MostConnections { get; set; } = 4096;

    /// <summary>Settings of the server itself.</summary>
    public NvgServerOptions Server { get; } = new();
}
