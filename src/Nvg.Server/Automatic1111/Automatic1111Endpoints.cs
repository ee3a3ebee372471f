using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Nvg.Imaging;
using Nvg.Server.Access;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Native;
using Nvg.Server.Requests.Content;

namespace Nvg.Server.Automatic1111;

/// <summary>
/// The part of AUTOMATIC1111's API that chat front ends use: lists, <c>txt2img</c>, <c>img2img</c>, and progress and interruption
/// of the client's own jobs.
/// </summary>
internal sealed class Automatic1111Endpoints
{
    private const string NoSampler = "nvg";

    private readonly JobService _jobs;
    private readonly ServedModels _models;
    private readonly ContentReader _contents;
    private readonly Automatic1111RequestReader _requests;
    private readonly RunningJobs _running = new();

    public Automatic1111Endpoints(
        JobService jobs, ServedModels models, ContentReader contents, Automatic1111RequestReader requests) =>
        (_jobs, _models, _contents, _requests) = (jobs, models, contents, requests);

    internal void Map(RouteGroupBuilder group)
    {
        group.WithMetadata(DetailFormat.Instance);
        group.MapGet("/options", (HttpContext _) => Json(new { sd_model_checkpoint = _models.Default.Name }));
        group.MapPost("/options", (Delegate)SetOptionsAsync);
        group.MapGet("/sd-models", (HttpContext _) =>
            Json(_models.All.Select(m => new { title = m.Name, model_name = m.Name, filename = m.Name })));
        group.MapGet("/samplers", (HttpContext _) =>
            Json(new[] { new { name = NoSampler, aliases = Array.Empty<string>(), options = new { } } }));
        group.MapGet("/schedulers", (HttpContext _) => Json(new[] { new { name = "automatic", label = "Automatic" } }));
        foreach (string empty in (string[])["/upscalers", "/latent-upscale-modes", "/sd-vae", "/sd-modules", "/loras", "/embeddings"])
            group.MapGet(empty, (HttpContext _) => Json(Array.Empty<object>()));
        group.MapPost("/txt2img", (Delegate)TextToImageAsync);
        group.MapPost("/img2img", (Delegate)ImageToImageAsync);
        group.MapGet("/progress", (HttpContext http) => Json(Progress(EndpointGuard.ClientOf(http))));
        group.MapPost("/interrupt", (HttpContext http) =>
        {
            foreach (Job job in _running.Of(EndpointGuard.ClientOf(http)))
                _jobs.Cancel(job, CancelReason.Client);
            return Json(new { });
        });
    }

    private async Task<IResult> SetOptionsAsync(HttpContext http)
    {
        await _contents.ReadAsync(http, content =>
        {
            _requests.CheckOptions(content);
            return true;
        }).ConfigureAwait(false);
        return Json(new { });
    }

    private Task<IResult> TextToImageAsync(HttpContext http) => GenerateAsync(http, _requests.ReadTextToImage);

    private Task<IResult> ImageToImageAsync(HttpContext http) => GenerateAsync(http, _requests.ReadImageToImage);

    private async Task<IResult> GenerateAsync(HttpContext http, Func<RequestContent, JobPlan> read)
    {
        string client = EndpointGuard.ClientOf(http);
        _jobs.RequireRoom(client);
        JobPlan plan = await _contents.ReadAsync(http, read).ConfigureAwait(false);
        Job job = _jobs.Submit(client, plan with { Detached = true }, null);
        using IDisposable running = _running.Add(job);
        return await _jobs.AnswerAsync(job, () => AnswerAsync(http, job), http.RequestAborted).ConfigureAwait(false);
    }

    private static async Task<IResult> AnswerAsync(HttpContext http, Job job)
    {
        await job.Ended.ConfigureAwait(false);
        http.RequestAborted.ThrowIfCancellationRequested();
        if (job.Reason != CancelReason.Client)
            JobFailure.ThrowIfNotCompleted(job, http);
        // As in the original API, an interrupted request returns the images that are finished.
        GeneratedImage[] images = [.. job.Images.Select(i => i.Result).OfType<GeneratedImage>()];
        string info = JsonSerializer.Serialize(new
        {
            seed = job.Images[0].Request.Seed,
            all_seeds = job.Images.Select(i => i.Request.Seed),
            prompt = job.Images[0].Label,
            width = job.Plan.Model.ImageSize,
            height = job.Plan.Model.ImageSize,
            sd_model_name = job.Plan.Model.Name,
        });
        return Json(new
        {
            images = images.Select(i => Convert.ToBase64String(ImageFile.Encode(i.Image, ImageFormat.Png))),
            parameters = new { },
            info,
        });
    }

    private object Progress(string client)
    {
        Job? job = _running.Of(client).FirstOrDefault(j => j.State == JobState.Running);
        byte[]? preview = job?.Read(_ =>
            job.Images.Where(i => i.State == JobState.Running).SelectMany(i => i.Previews).LastOrDefault(p => p is not null));
        string started = (job?.Created ?? DateTimeOffset.UtcNow).ToString("yyyyMMddHHmmss", CultureInfo.InvariantCulture);
        return new
        {
            progress = job?.Progress ?? 0,
            eta_relative = 0,
            state = new
            {
                skipped = false,
                interrupted = false,
                job = job is null ? "" : "txt2img",
                job_count = job is null ? 0 : job.Images.Count,
                job_timestamp = started,
                sampling_step = job?.Images.Max(i => i.Stages) ?? 0,
                sampling_steps = _models.Default.StageCount,
            },
            current_image = preview is null ? null : Convert.ToBase64String(preview),
            textinfo = (string?)null,
        };
    }

    private static IResult Json(object value) => Results.Json(value, ServerJson.Options);
}
