using Microsoft.AspNetCore.Builder;
using Nvg.Server.Access;

namespace Nvg.Server.Hosting;

/// <summary>
/// Refuses requests whose <c>Host</c> is none of the server's: a page whose name leads to this machine would otherwise count as its own.
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
            : EndpointGuard.Answer(http, new RequestException(400, "this server is not called by that name: --hosts lists its names"))
                .ExecuteAsync(http));
    }
}
