using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nvg.Server.Access;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Requests.Content;
using Nvg.Server.Scheduling;

namespace Nvg.Server.Native;

/// <summary>Models, status and session.</summary>
internal sealed class ModelEndpoints
{
    private const int LongestKey = 512;

    private readonly NvgServerOptions _options;
    private readonly ServedModels _models;
    private readonly JobService _jobs;
    private readonly ImageQueue _queue;
    private readonly Worker _worker;
    private readonly ClientIdentity _identity;

    public ModelEndpoints(
        NvgServerOptions options, ServedModels models, JobService jobs, ImageQueue queue, Worker worker, ClientIdentity identity) =>
        (_options, _models, _jobs, _queue, _worker, _identity) = (options, models, jobs, queue, worker, identity);

    internal void Map(RouteGroupBuilder group)
    {
        group.MapGet("/models", Models).WithName("GetModels").WithSummary("Models and limits").Produces<ModelsAnswer>();
        group.MapGet("/status", Status).WithName("GetStatus").WithSummary("State of the queue").Produces<StatusAnswer>();
        group.MapGet("/session", Session).WithName("GetSession").WithSummary("Whether a key is needed").Produces<SessionAnswer>()
            .WithMetadata(OpenEndpoint.Instance);
        group.MapPost("/session", (Delegate)SignInAsync).WithName("PostSession").WithSummary("Signs in with a key, by a cookie")
            .Accepts<SessionBody>("application/json").Produces(204).ProducesProblem(401).WithMetadata(OpenEndpoint.Instance);
        group.MapDelete("/session", SignOut).WithName("DeleteSession").WithSummary("Signs out").Produces(204)
            .WithMetadata(OpenEndpoint.Instance);
    }

    private IResult Models(HttpContext http) => Results.Json(
        new ModelsAnswer([.. _models.All.Select(m => ModelAnswer.Of(m, m == _models.Default))], LimitsAnswer.Of(_options)),
            ServerJson.Options);

    private IResult Status(HttpContext http)
    {
        string state = _jobs.IsDraining ? "draining" : _jobs.Problem is null && _models.IsLoaded ? "ready" : "failed";
        return Results.Json(new StatusAnswer(state, _queue.Waiting, _worker.Running, _options.QueueLimit), ServerJson.Options);
    }

    private IResult Session(HttpContext http) =>
        Results.Json(new SessionAnswer(_identity.NeedsKey, _identity.Find(http) is not null), ServerJson.Options);

    private async Task<IResult> SignInAsync(HttpContext http)
    {
        ContentReader contents = (ContentReader)http.RequestServices.GetService(typeof(ContentReader))!;
        string key = await contents.ReadAsync(http, content => content.Read<SessionBody>().Key ?? "").ConfigureAwait(false);
        return key.Length <= LongestKey && _identity.TrySignIn(http, key)
            ? Results.NoContent()
            : throw new RequestException(401, "the key is not valid") { Code = "invalid_api_key" };
    }

    private static IResult SignOut(HttpContext http)
    {
        ClientIdentity.SignOut(http);
        return Results.NoContent();
    }
}

/// <summary>State of the queue.</summary>
internal sealed record StatusAnswer(string State, int QueuedImages, int RunningImages, int QueueLimit);

/// <summary>Whether a key is required, and whether it was given.</summary>
internal sealed record SessionAnswer(bool Required, bool Authenticated);

/// <summary>A key.</summary>
internal sealed record SessionBody
{
    public string? Key { get; init; }
}
