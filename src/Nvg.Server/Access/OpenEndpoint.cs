namespace Nvg.Server.Access;

/// <summary>Marks an endpoint that needs no key.</summary>
internal sealed class OpenEndpoint
{
    internal static OpenEndpoint Instance { get; } = new();
}
