using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Nvg.Server.Jobs;
using Nvg.Server.Native;

namespace Nvg.Server.OpenAi;

/// <summary>Streams an image in the format that OpenAI's clients read: finished stages as partial images, then the image.</summary>
internal static class OpenAiStream
{
    internal static async Task WriteAsync(HttpContext http, Job job, OpenAiImageRequest request, string kind)
    {
        HashSet<int> shown = PartialStages(job.Plan.Model.StageCount, request.PartialImages);
        int partial = 0;
        ServerSentEvents events = await ServerSentEvents.BeginAsync(http).ConfigureAwait(false);
        await foreach (JobEvent? item in job.Events.ReadAsync(0, ServerSentEvents.KeepAlive, http.RequestAborted).ConfigureAwait(false))
        {
            if (item is null)
                await events.KeepOpenAsync(http.RequestAborted).ConfigureAwait(false);
            else if (shown.Contains(item.Stage) && job.Read(_ => job.Images[0].Previews[item.Stage]) is { } png)
                await SendAsync($"{kind}.partial_image", type => OpenAiImageAnswer.Partial(job, request, png, partial++, type))
                    .ConfigureAwait(false);
        }

        if (JobFailure.Of(job) is { } failure)
            await SendAsync("error", _ => OpenAiErrorFormat.Envelope(failure)).ConfigureAwait(false);
        else
            await SendAsync($"{kind}.completed", type => OpenAiImageAnswer.Completed(job, request, type)).ConfigureAwait(false);

        Task SendAsync(string name, Func<string, object> describe) =>
            events.WriteAsync(name, JsonSerializer.SerializeToUtf8Bytes(describe(name), ServerJson.Options), null, http.RequestAborted);
    }

    /// <summary>Evenly spaced stages before the last one, whose image is the finished image; all of them if more are requested.</summary>
    internal static HashSet<int> PartialStages(int stages, int count)
    {
        int most = Math.Min(count, stages - 1);
        return [.. Enumerable.Range(1, most).Select(k => k * stages / (most + 1) - 1)];
    }
}
