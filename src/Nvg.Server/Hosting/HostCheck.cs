using Microsoft.AspNetCore.Builder;
using Nvg.Server.Access;

namespace Nvg.Server.Hosting;

/// <summary>
/// Rejects requests whose <c>Host</c> is not a name of the server. Otherwise, a page whose host name resolves to this machine
/// would count as the server's own (DNS rebinding).
/// </summary>
internal static class HostCheck
{
    internal const string Any = "*";

    internal static IReadOnlyList<string> Loopback { get; } = ["localhost", "127.0.0.1", "[::1]"];

    internal static void Use(IApplicationBuilder app, IReadOnlyList<string> hosts)
    {
        if (hosts.Contains(Any))
            return;
        app.Use((http, next) => hosts.Contains(http.Request.Host.Host, StringComparer.OrdinalIgnoreCase)
            ? next(http)
            : EndpointGuard.Answer(http, new RequestException(400, "this host name is not allowed: set the allowed names with --hosts"))
                .ExecuteAsync(http));
    }
}
