using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nvg.Server.Access;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Native;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.OpenAi;

/// <summary>The image endpoints of OpenAI's API.</summary>
internal sealed class OpenAiEndpoints
{
    private readonly JobService _jobs;
    private readonly ServedModels _models;
    private readonly ContentReader _contents;
    private readonly OpenAiRequestReader _requests;

    public OpenAiEndpoints(JobService jobs, ServedModels models, ContentReader contents, OpenAiRequestReader requests) =>
        (_jobs, _models, _contents, _requests) = (jobs, models, contents, requests);

    internal void Map(RouteGroupBuilder group)
    {
        group.WithMetadata(OpenAiErrorFormat.Instance);
        group.MapPost("/images/generations", (Delegate)GenerateAsync).WithName("CreateImage").WithSummary("Generates images (OpenAI)")
            .Accepts<JsonElement>("application/json").Produces(200, contentType: "application/json");
        group.MapPost("/images/edits", (Delegate)EditAsync).WithName("CreateImageEdit").WithSummary("Edits an image (OpenAI)")
            .Accepts<IFormFile>("multipart/form-data").Produces(200, contentType: "application/json");
        group.MapGet("/models", List).WithName("ListModels").WithSummary("Lists models (OpenAI)")
            .Produces(200, contentType: "application/json");
        group.MapGet("/models/{id}", Get).WithName("RetrieveModel").WithSummary("A model (OpenAI)")
            .Produces(200, contentType: "application/json");
    }

    private Task<IResult> GenerateAsync(HttpContext http) =>
        RunAsync(http, "image_generation", content => _requests.ReadGeneration(content, EndpointGuard.ClientOf(http)));

    private Task<IResult> EditAsync(HttpContext http) => RunAsync(http, "image_edit", _requests.ReadEdit);

    private async Task<IResult> RunAsync(
        HttpContext http, string kind, Func<RequestContent, (OpenAiImageRequest Request, JobPlan Plan)> read)
    {
        string client = EndpointGuard.ClientOf(http);
        _jobs.RequireRoom(client);
        (OpenAiImageRequest request, JobPlan plan) = await _contents.ReadAsync(http, read).ConfigureAwait(false);
        JobLinks? links = request.WantsUrl ? new JobLinks($"{http.Request.PathBase}{NvgPaths.Jobs(http.GetEndpoint())}") : null;
        Job job = _jobs.Submit(client, plan with { Detached = true }, links);
        return await _jobs.AnswerAsync(job, () => AnswerAsync(http, job, request, kind), http.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<IResult> AnswerAsync(HttpContext http, Job job, OpenAiImageRequest request, string kind)
    {
        if (request.Stream)
        {
            await OpenAiStream.WriteAsync(http, job, request, kind).ConfigureAwait(false);
            return Results.Empty;
        }

        await job.Ended.ConfigureAwait(false);
        http.RequestAborted.ThrowIfCancellationRequested();
        JobFailure.ThrowIfNotCompleted(job, http);
        return Results.Json(OpenAiImageAnswer.Of(job, request, $"{http.Request.Scheme}://{http.Request.Host}"), ServerJson.Options);
    }

    private IResult List(HttpContext http) =>
        Results.Json(new { @object = "list", data = _models.All.Select(Describe) }, ServerJson.Options);

    private IResult Get(HttpContext http, string id) => Results.Json(Describe(_requests.Model(id)), ServerJson.Options);

    private static object Describe(ServedModel model) => new { id = model.Name, @object = "model", created = 0, owned_by = "nvg" };
}
