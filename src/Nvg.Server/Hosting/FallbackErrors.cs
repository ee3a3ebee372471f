using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Nvg.Server.Access;
using Nvg.Server.OpenAi;

namespace Nvg.Server.Hosting;

/// <summary>Errors outside all endpoints: unknown paths and methods, in the format of the API that the path belongs to.</summary>
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
            405 => "this path does not support this method",
            415 => "this path does not support this content type",
            _ => "the request was rejected",
        });
        bool isOpenAi = http.Request.Path.StartsWithSegments("/v1", StringComparison.Ordinal);
        IErrorFormat format = isOpenAi ? OpenAiErrorFormat.Instance : ProblemFormat.Instance;
        return format.Describe(error).ExecuteAsync(http);
    }
}
