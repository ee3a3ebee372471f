using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nvg.Server.Access;
using Nvg.Server.Jobs;
using Nvg.Server.Models;

namespace Nvg.Server.Hosting;

/// <summary>Health and metrics. "Live" means that the process responds; "ready" means that images can be computed.</summary>
internal sealed class HealthEndpoints
{
    private readonly JobService _jobs;
    private readonly ServedModels _models;
    private readonly MetricsExport _export;

    public HealthEndpoints(JobService jobs, ServedModels models, MetricsExport export) =>
        (_jobs, _models, _export) = (jobs, models, export);

    internal void Map(RouteGroupBuilder group)
    {
        group.MapGet("/healthz", (HttpContext _) => Results.Text("live")).WithMetadata(OpenEndpoint.Instance).WithName("GetHealth")
            .WithSummary("Whether the process answers").Produces<string>(200, "text/plain");
        group.MapGet("/readyz", Ready).WithMetadata(OpenEndpoint.Instance).WithName("GetReadiness")
            .WithSummary("Whether images can be computed").Produces<string>(200, "text/plain").ProducesProblem(503);
        group.MapGet("/metrics", (Delegate)MetricsAsync).WithName("GetMetrics").WithSummary("Metrics for Prometheus")
            .Produces<string>(200, "text/plain");
    }

    private IResult Ready(HttpContext http)
    {
        string? problem = _models.IsLoaded ? _jobs.Problem : "the models are still being loaded";
        return problem is null
            ? Results.Text("ready")
            : throw new RequestException(503, $"not ready: {problem}") { RetryAfter = TimeSpan.FromSeconds(5) };
    }

    private async Task<IResult> MetricsAsync(HttpContext http)
    {
        http.Response.ContentType = "text/plain; version=0.0.4; charset=utf-8";
        await _export.Registry.CollectAndExportAsTextAsync(http.Response.Body, http.RequestAborted).ConfigureAwait(false);
        return Results.Empty;
    }
}
