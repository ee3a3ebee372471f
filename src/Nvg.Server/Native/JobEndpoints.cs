using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nvg.Server.Access;
using Nvg.Server.Jobs;
using Nvg.Server.Requests;
using Nvg.Server.Requests.Bodies;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Native;

/// <summary>Jobs: submit, query, follow, cancel, fetch results.</summary>
internal sealed class JobEndpoints
{
    private const int MostReaders = 8;

    private readonly NvgServerOptions _options;
    private readonly JobService _jobs;
    private readonly JobStore _store;
    private readonly ContentReader _contents;
    private readonly PlanBuilder _plans;

    public JobEndpoints(NvgServerOptions options, JobService jobs, JobStore store, ContentReader contents, PlanBuilder plans) =>
        (_options, _jobs, _store, _contents, _plans) = (options, jobs, store, contents, plans);

    internal void Map(RouteGroupBuilder group)
    {
        group.MapPost("/jobs", (Delegate)PostAsync).WithName("PostJob").WithSummary("Queues images")
            .Accepts<JobBody>("application/json", "multipart/form-data")
            .Produces<JobAnswer>(StatusCodes.Status202Accepted).ProducesProblem(400).ProducesProblem(429).ProducesProblem(503);
        group.MapGet("/jobs/{id}", Get).WithName("GetJob").WithSummary("State of a job")
            .Produces<JobAnswer>().ProducesProblem(404).ProducesProblem(410);
        group.MapGet("/jobs/{id}/events", (Delegate)EventsAsync).WithName("GetJobEvents").WithSummary("Events of a job")
            .Produces(200, contentType: "text/event-stream").ProducesProblem(404).ProducesProblem(410);
        group.MapDelete("/jobs/{id}", Delete).WithName("DeleteJob").WithSummary("Cancels a job, or deletes a finished one")
            .Produces(202).Produces(204).ProducesProblem(404);
        group.MapGet("/jobs/{id}/images/{name}", Image).WithName("GetImage").WithSummary("A finished image")
            .Produces(200, contentType: "image/png").ProducesProblem(404).ProducesProblem(409);
        group.MapGet("/jobs/{id}/images/{index:int}/stages/{stage:int}", Stage).WithName("GetStage").WithSummary("The preview of a stage")
            .Produces(200, contentType: "image/png").ProducesProblem(404);
    }

    private async Task<IResult> PostAsync(HttpContext http)
    {
        string client = EndpointGuard.ClientOf(http);
        // Rejected before the body is read, so that a full queue costs nothing.
        _jobs.RequireRoom(client);
        JobPlan plan = await _contents.ReadAsync(http, content =>
        {
            content.RequireParts(
                StructureReader.StructurePart, StructureReader.LabelsPart, StructureReader.DepthPart, ReferenceReader.Part,
                    MaskReader.Part);
            return _plans.Build(content.Read<JobBody>(), content, client);
        }).ConfigureAwait(false);
        Job job = _jobs.Submit(client, plan, new JobLinks($"{http.Request.PathBase}{http.Request.Path}".TrimEnd('/')));
        http.Response.Headers.Location = job.Links.Self;
        return Json(JobAnswer.Of(job, _jobs, _store), StatusCodes.Status202Accepted);
    }

    private IResult Get(HttpContext http, string id) => Json(JobAnswer.Of(Find(http, id), _jobs, _store), StatusCodes.Status200OK);

    private async Task<IResult> EventsAsync(HttpContext http, string id)
    {
        Job job = Find(http, id);
        string last = http.Request.Headers["Last-Event-ID"].ToString() is { Length: > 0 } header ? header
            : http.Request.Query["lastEventId"].ToString();
        int after = int.TryParse(last, out int number) && number > 0 ? number : 0;
        // An EventSource stops reconnecting when it gets status 204 (No Content).
        if (job.Events.IsEnded && after >= job.Events.Last)
            return Results.NoContent();
        if (!job.TryEnter(MostReaders))
        {
            throw new RequestException(429, $"{MostReaders} streams of this job are already open")
            {
                RetryAfter = TimeSpan.FromSeconds(5),
                Code = "streams",
            };
        }

        try
        {
            ServerSentEvents events = await ServerSentEvents.BeginAsync(http).ConfigureAwait(false);
            await foreach (JobEvent? item in job.Events.ReadAsync(after, ServerSentEvents.KeepAlive, http.RequestAborted)
                .ConfigureAwait(false))
            {
                await (item is null ? events.KeepOpenAsync(http.RequestAborted)
                    : events.WriteAsync(item.Name, item.Data, item.Id, http.RequestAborted)).ConfigureAwait(false);
            }
        }
        finally
        {
            job.Leave();
        }

        return Results.Empty;
    }

    private IResult Delete(HttpContext http, string id)
    {
        Job job = Find(http, id);
        if (job.IsOver)
        {
            _store.Remove(job);
            return Results.NoContent();
        }

        _jobs.Cancel(job, CancelReason.Client);
        return Results.Accepted();
    }

    private IResult Image(HttpContext http, string id, string name)
    {
        Job job = Find(http, id);
        int dot = name.IndexOf('.', StringComparison.Ordinal);
        JobImage image = Find(job, dot < 0 ? name : name[..dot]);
        GeneratedImage result = job.Read(_ => image.Result) ?? throw new RequestException(409, "this image is not completed");
        return ImageAnswer.Of(http, job, image, result, dot < 0 ? null : name[(dot + 1)..], _options.LargestScale);
    }

    private IResult Stage(HttpContext http, string id, int index, int stage)
    {
        Job job = Find(http, id);
        JobImage image = Find(job, $"{index}");
        byte[]? preview = stage >= 0 && stage < image.Previews.Length ? job.Read(_ => image.Previews[stage]) : null;
        return preview is null ? throw RequestException.NotFound("there is no preview of this stage")
            : ImageAnswer.OfPreview(http, preview, _options.LargestScale);
    }

    private Job Find(HttpContext http, string id) => _store.Get(id, EndpointGuard.ClientOf(http));

    private static JobImage Find(Job job, string index) => int.TryParse(index, out int number) && number >= 0 && number < job.Images.Count
        ? job.Images[number]
        : throw RequestException.NotFound("the job has no such image");

    private static IResult Json(JobAnswer answer, int status) => Results.Json(answer, ServerJson.Options, statusCode: status);
}
