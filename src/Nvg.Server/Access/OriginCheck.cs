using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace Nvg.Server.Access;

/// <summary>Refuses unsafe requests that a page of another site sends: a form with files needs no permission of a browser.</summary>
internal static class OriginCheck
{
    /// <summary>Throws where an unsafe request comes from another origin.</summary>
    /// <exception cref="RequestException">It does (403).</exception>
    internal static void Require(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method) || HttpMethods.IsOptions(request.Method))
            return;
        if (request.Headers[HeaderNames.Origin].ToString() is not { Length: > 0 } origin)
            return;
        // Behind a proxy that ends TLS the scheme differs, so authorities are compared.
        bool isOwn = Uri.TryCreate(origin, UriKind.Absolute, out Uri? page)
            && page.Authority.Equals(Authority(request, page), StringComparison.OrdinalIgnoreCase);
        if (!isOwn)
            throw new RequestException(403, "requests of pages from other sites are refused") { Code = "foreign_origin" };
    }

    private static string Authority(HttpRequest request, Uri page) =>
        request.Host.Port is { } port && !(page.IsDefaultPort && port == page.Port)
            ? $"{request.Host.Host}:{port}"
            : page.IsDefaultPort ? request.Host.Host : request.Host.Value ?? "";
}
