using System.Diagnostics;
using System.Net.Http.Json;
using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nvg.Server;
using Nvg.Server.Hosting;
using Nvg.Server.Scheduling;
using Nvg.Torch;

namespace Nvg.Cli.Bench;

/// <summary>
/// Times <c>nvg serve</c> with real requests: the overhead of HTTP, the gain from batching, and the time until the first stage.
/// </summary>
/// <param name="model">Borrowed.</param>
/// <param name="type">Precision of the model.</param>
/// <param name="images">Number of requests sent at once.</param>
/// <param name="cancellation">Ends the measurement.</param>
internal sealed class ServingBench(NvgModel model, ScalarType type, int images, CancellationToken cancellation)
{
    private const int WarmUp = 30, Requests = 300, Previewed = 5;
    private const string OpenAi = "v1/images/generations";

    /// <summary>Runs the measurement.</summary>
    /// <param name="batch">Batch size to compare with computing images one by one.</param>
    internal async Task<ServingSpeed> RunAsync(int batch)
    {
        (double[] http, double processor) = await HttpAsync().ConfigureAwait(false);
        (double first, double stage) = await PreviewsAsync().ConfigureAwait(false);
        ServingThroughput oneByOne = await ThroughputAsync(1).ConfigureAwait(false);
        ServingThroughput batched = await ThroughputAsync(batch).ConfigureAwait(false);
        return new ServingSpeed(
            1000 * At(http, 0.5), 1000 * At(http, 0.95), 1000 * processor, images, oneByOne, batched, first, stage);
    }

    private static double At(double[] sorted, double share) => sorted[(int)(share * (sorted.Length - 1))];

    private async Task<(double[] Seconds, double Processor)> HttpAsync()
    {
        GeneratedImage image = model.Generate(new GenerationRequest { Images = [new ImageRequest(0, 0)] }, null, cancellation).Single();
        await using NvgServerHost host = await StartAsync(1, new GivenImageEngine(image)).ConfigureAwait(false);
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls[0]) };
        var seconds = new List<double>();
        for (int i = 0; i < WarmUp; i++)
            await PostAsync(client, i).ConfigureAwait(false);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        for (int i = 0; i < Requests; i++)
            seconds.Add(await SecondsAsync(() => PostAsync(client, i)).ConfigureAwait(false));
        return ([.. seconds.Order()], (Environment.CpuUsage.TotalTime - before).TotalSeconds / Requests);
    }

    private async Task<ServingThroughput> ThroughputAsync(int batch)
    {
        await using NvgServerHost host = await StartAsync(batch, null).ConfigureAwait(false);
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls[0]), Timeout = Timeout.InfiniteTimeSpan };
        await PostAsync(client, 0).ConfigureAwait(false);
        // All other requests arrive while the first is computed, so every later pass is full.
        Task first = PostAsync(client, 0);
        while (!first.IsCompleted && await RunningAsync(client).ConfigureAwait(false) == 0)
            await Task.Delay(1, cancellation).ConfigureAwait(false);
        var all = Task.WhenAll(Enumerable.Range(1, images).Select(seed => PostAsync(client, seed)));
        await first.ConfigureAwait(false);
        TimeSpan before = Environment.CpuUsage.TotalTime;
        double seconds = await SecondsAsync(() => all).ConfigureAwait(false);
        return new ServingThroughput(batch, images / seconds, (Environment.CpuUsage.TotalTime - before).TotalSeconds / images);
    }

    private async Task<(double First, double Stage)> PreviewsAsync()
    {
        await using NvgServerHost host = await StartAsync(1, null).ConfigureAwait(false);
        using var client = new HttpClient { BaseAddress = new Uri(host.Urls[0]), Timeout = Timeout.InfiniteTimeSpan };
        await PostAsync(client, 0).ConfigureAwait(false);
        var first = new List<double>();
        double all = 0;
        int stages = 0;
        for (int i = 0; i < Previewed; i++)
        {
            double[] times = [.. await StageTimesAsync(client, i).ConfigureAwait(false)];
            first.Add(times[0]);
            (all, stages) = (all + times[^1], stages + times.Length);
        }

        return (At([.. first.Order()], 0.5), all / stages);
    }

    // Seconds from the request to the event of each stage.
    private async Task<List<double>> StageTimesAsync(HttpClient client, int seed)
    {
        var clock = Stopwatch.StartNew();
        using HttpResponseMessage posted =
            await client.PostAsJsonAsync("api/jobs", new { @class = 0, seed }, cancellation).ConfigureAwait(false);
        JsonElement job = await posted.Content.ReadFromJsonAsync<JsonElement>(cancellation).ConfigureAwait(false);
        using Stream events = await client.GetStreamAsync(
            job.GetProperty("links").GetProperty("events").GetString(), cancellation).ConfigureAwait(false);
        var times = new List<double>();
        await foreach (SseItem<string> item in SseParser.Create(events).EnumerateAsync(cancellation).ConfigureAwait(false))
        {
            if (item.EventType == "stage")
                times.Add(clock.Elapsed.TotalSeconds);
        }

        return times;
    }

    private async Task<int> RunningAsync(HttpClient client) =>
        (await client.GetFromJsonAsync<JsonElement>("api/status", cancellation).ConfigureAwait(false))
            .GetProperty("runningImages").GetInt32();

    private async Task PostAsync(HttpClient client, int seed)
    {
        string prompt = model.Classes.Classes[0].Name;
        using HttpResponseMessage response =
            await client.PostAsJsonAsync(OpenAi, new { prompt, seed, nvg = new { @class = 0 } }, cancellation).ConfigureAwait(false);
        _ = await response.EnsureSuccessStatusCode().Content.ReadAsByteArrayAsync(cancellation).ConfigureAwait(false);
    }

    private async Task<NvgServerHost> StartAsync(int batch, IImageEngine? engine)
    {
        var options = new NvgHostOptions { Urls = ["http://127.0.0.1:0"] };
        options.Server.Models.Add(model);
        (options.Server.Type, options.Server.Device, options.Server.BatchSize) = (type, model.Device, batch);
        (options.Server.QueueLimit, options.Server.QueueLimitPerClient) = (images + 2, images + 2);
        // The command has already set it.
        options.Server.Threads = null;
        return await NvgServerHost.StartAsync(options, builder =>
        {
            builder.Logging.ClearProviders();
            if (engine is not null)
                builder.Services.AddSingleton(engine);
        }, cancellation).ConfigureAwait(false);
    }

    private static async Task<double> SecondsAsync(Func<Task> work)
    {
        var clock = Stopwatch.StartNew();
        await work().ConfigureAwait(false);
        return clock.Elapsed.TotalSeconds;
    }
}
