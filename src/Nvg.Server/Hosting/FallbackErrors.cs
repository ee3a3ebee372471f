using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Nvg.Server.Access;
using Nvg.Server.OpenAi;

namespace Nvg.Server.Hosting;

/// <summary>Errors that no endpoint describes: unknown paths and methods, in the format of the API whose path it is.</summary>
internal static class FallbackErrors
{
    internal static void Use(IApplicationBuilder app) => app.UseStatusCodePages(context => WriteAsync(context));

    private static Task WriteAsync(StatusCodeContext context)
    {
        HttpContext http = context.HttpContext;
        int status = http.Response.StatusCode;
        var error = new RequestException(status, status switch
        {
            404 => "there is nothing at this path",
            405 => "this path takes another method",
            _ => "the request was refused",
        });
        bool isOpenAi = http.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal);
        IErrorFormat format = isOpenAi ? OpenAiErrorFormat.Instance : ProblemFormat.Instance;
        return format.Describe(error).ExecuteAsync(http);
    }
}
