using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Nvg.Server;
using Nvg.Server.Access;
using Nvg.Server.Automatic1111;
using Nvg.Server.Hosting;
using Nvg.Server.Native;
using Nvg.Server.OpenAi;

namespace Microsoft.AspNetCore.Builder;

/// <summary>Maps the endpoints of the server into an application.</summary>
public static class NvgServerEndpoints
{
    internal const string DocumentName = "v1";

    /// <summary>
    /// Maps the native API below <c>/api</c>, OpenAI's API below <c>/v1</c>, AUTOMATIC1111's API below <c>/sdapi/v1</c> if
    /// enabled, health, metrics, and the OpenAPI document. docs/serving.md describes all of them.
    /// </summary>
    /// <param name="endpoints">The application.</param>
    /// <param name="prefix">A path such as <c>/nvg</c> before all endpoints; empty for none.</param>
    /// <returns>The group of all endpoints, to which the application can add policies.</returns>
    public static RouteGroupBuilder MapNvg(this IEndpointRouteBuilder endpoints, string prefix = "")
    {
        IServiceProvider services = endpoints.ServiceProvider;
        RouteGroupBuilder all = endpoints.MapGroup(prefix);
        all.AddEndpointFilter(services.GetRequiredService<EndpointGuard>()).WithMetadata(new NvgPaths(prefix));
        RouteGroupBuilder native = all.MapGroup("/api").WithTags("Native");
        services.GetRequiredService<ModelEndpoints>().Map(native);
        services.GetRequiredService<JobEndpoints>().Map(native);
        services.GetRequiredService<StructureEndpoints>().Map(native);
        services.GetRequiredService<DocumentEndpoints>().Map(native);
        services.GetRequiredService<OpenAiEndpoints>().Map(all.MapGroup("/v1").WithTags("OpenAI"));
        if (services.GetRequiredService<NvgServerOptions>().Automatic1111)
            services.GetRequiredService<Automatic1111Endpoints>().Map(all.MapGroup("/sdapi/v1").WithTags("AUTOMATIC1111"));
        services.GetRequiredService<HealthEndpoints>().Map(all.MapGroup("").WithTags("Health"));
        all.MapOpenApi("/openapi/{documentName}.json");
        return all;
    }

    /// <summary>
    /// Serves the page from <c>wwwroot</c> beside the application, with security headers. The endpoints must be mapped without a
    /// prefix.
    /// </summary>
    /// <param name="app">The application.</param>
    public static IApplicationBuilder UseNvgStudio(this IApplicationBuilder app)
    {
        NvgStudio.UseSecurityHeaders(app);
        NvgStudio.UseFiles(app);
        return app;
    }
}
