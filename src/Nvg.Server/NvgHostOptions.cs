namespace Nvg.Server;

/// <summary>Settings of a whole server (<see cref="Hosting.NvgServerHost"/>): its addresses, and who may reach it.</summary>
public sealed class NvgHostOptions
{
    /// <summary>The address that the server listens on by default.</summary>
    public const string DefaultUrl = "http://127.0.0.1:5080";

    /// <summary>Addresses that the server listens on; port 0 selects any free port.</summary>
    public IReadOnlyList<string> Urls { get; set; } = [DefaultUrl];

    /// <summary>
    /// Host names that clients may use, or <c>*</c> for any. Null allows localhost and loopback addresses, or any name if keys are set.
    /// </summary>
    public IReadOnlyList<string>? Hosts { get; set; }

    /// <summary>Whether the server may listen on the network without keys.</summary>
    public bool AllowsNetworkWithoutKey { get; set; }

    /// <summary>Maximum number of simultaneous connections.</summary>
    public int MostConnections { get; set; } = 4096;

    /// <summary>Settings of the server itself.</summary>
    public NvgServerOptions Server { get; } = new();
}
