using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Nvg.Server.Access;

/// <summary>Rejects unsafe requests from pages of other sites, because browsers allow such pages to send forms with files.</summary>
internal static class OriginCheck
{
    /// <summary>Throws if an unsafe request comes from another origin.</summary>
    /// <exception cref="RequestException">The request comes from another origin (403).</exception>
    internal static void Require(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
            return;
        if (request.Headers[HeaderNames.Origin].ToString() is not { Length: > 0 } origin)
            return;
        // Behind a proxy that terminates TLS, the scheme differs, so only authorities are compared.
        bool isOwn = Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
            && page.Authority.Equals(Authority(request, page), StringComparison.OrdinalIgnoreCase);
        if (!isOwn)
            throw new RequestException(403, "requests of pages from other sites are rejected") { Code = "foreign_origin" };
    }

    private static string Authority(HttpRequest request, Uri page) =>
        request.Host.Port is { } port && !(page.IsDefaultPort && port == page.Port)
            ? $"{request.Host.Host}:{port}"
            : page.IsDefaultPort ? request.Host.Host : request.Host.Value ?? "";
}
