using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.FileProviders;

namespace Nvg.Server.Hosting;

/// <summary>Serves the page. Everything that the page needs is local; its content security policy forbids everything else.</summary>
internal static class NvgStudio
{
    private const string Policy = "default-src 'self'; img-src 'self' blob: data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
        + "form-action 'self'; frame-ancestors 'none'";

    /// <summary>The folder of the page, beside the application.</summary>
    internal static string Folder => Path.Combine(AppContext.BaseDirectory, "wwwroot");

    /// <summary>Adds security headers to every response.</summary>
    internal static void UseSecurityHeaders(IApplicationBuilder app) => app.Use((http, next) =>
    {
        IHeaderDictionary headers = http.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        return next(http);
    });

    /// <summary>Serves the files, if there are any.</summary>
    internal static void UseFiles(IApplicationBuilder app)
    {
        if (!Directory.Exists(Folder))
            return;
        var files = new PhysicalFileProvider(Folder);
        app.UseDefaultFiles(new DefaultFilesOptions { FileProvider = files });
        app.UseStaticFiles(new StaticFileOptions
        {
            FileProvider = files,
            // Browsers must check for a newer version each time, because an update must not mix files of two versions.
            OnPrepareResponse = context => context.Context.Response.Headers.CacheControl = "no-cache",
        });
    }
}
