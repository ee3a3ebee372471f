using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Nvg.Server.Hosting;
using Nvg.Server.Jobs;
using Nvg.Server.Models;
using Nvg.Server.Scheduling;

namespace Nvg.Server.Tests;

/// <summary>A real server on a real socket.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    // Longer than any of them takes: a busy machine must not decide.
    internal static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly NvgServerHost _host;

    private TestServer(NvgServerHost host, CapturedErrors errors)
    {
        (_host, Errors) = (host, errors);
        Client = CreateClient();
    }

    internal Uri Url => new(_host.Urls[0]);

    internal HttpClient Client { get; }

    /// <summary>What the server logged as errors.</summary>
    internal CapturedErrors Errors { get; }

    internal ImageQueue Queue => Get<ImageQueue>();

    internal NvgModel Model => Get<ServedModels>().Default.Model;

    internal T Get<T>()
        where T : notnull => _host.Services.GetRequiredService<T>();

    internal static async Task<TestServer> StartAsync(
        ServedTinyModel model, Action<NvgHostOptions>? configure = null, IImageEngine? engine = null)
    {
        var options = new NvgHostOptions { Urls = ["http://127.0.0.1:0"] };
        options.Server.ModelFolders.Add(model.Folder);
        options.Server.Threads = 1;
        configure?.Invoke(options);
        var errors = new CapturedErrors();
        return new TestServer(await NvgServerHost.StartAsync(options, builder => Configure(builder, engine, errors)), errors);
    }

    /// <summary>A client with connections of its own.</summary>
    internal HttpClient CreateClient() => new() { BaseAddress = Url, Timeout = Patience };

    internal Task StopAsync() => _host.StopAsync();

    /// <summary>Posts a job and reads the answer.</summary>
    internal async Task<JsonElement> PostJobAsync(object body)
    {
        using HttpResponseMessage response = await Client.PostAsJsonAsync("/api/jobs", body);
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == System.Net.HttpStatusCode.Accepted, text);
        return JsonDocument.Parse(text).RootElement;
    }

    /// <summary>Posts a job, waits for it, and returns the bytes of its images.</summary>
    internal async Task<byte[][]> GenerateAsync(object body, string extension = "png")
    {
        JsonElement job = await PostJobAsync(body);
        string id = job.GetProperty("id").GetString()!;
        List<ServerEvent> events = await ReadEventsAsync(id);
        Assert.True(events[^1].Name == "completed", events[^1].Data);
        return await Task.WhenAll(Enumerable.Range(0, job.GetProperty("images").GetArrayLength())
            .Select(i => Client.GetByteArrayAsync($"/api/jobs/{id}/images/{i}.{extension}")));
    }

    internal async Task<List<ServerEvent>> ReadEventsAsync(string id, int after = 0)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/jobs/{id}/events");
        if (after > 0)
            request.Headers.Add("Last-Event-ID", $"{after}");
        using HttpResponseMessage response = await Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, await ErrorOfAsync(response));
        return await ServerEvent.ReadAllAsync(await response.Content.ReadAsStreamAsync());
    }

    internal async Task<JsonElement> GetJsonAsync(string path) =>
        JsonDocument.Parse(await Client.GetStringAsync(path)).RootElement;

    /// <summary>Waits until nothing waits and nothing is computed.</summary>
    internal Task UntilIdleAsync() => UntilAsync(() => Queue.Waiting == 0 && Get<Worker>().Running == 0, "the server does not become idle");

    /// <summary>Waits until something holds.</summary>
    internal static async Task UntilAsync(Func<bool> condition, string otherwise)
    {
        DateTime end = DateTime.UtcNow + Patience;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < end, otherwise);
            await Task.Delay(10);
        }
    }

    internal static async Task UntilAsync(Func<Task<bool>> condition, string otherwise)
    {
        DateTime end = DateTime.UtcNow + Patience;
        while (!await condition())
        {
            Assert.True(DateTime.UtcNow < end, otherwise);
            await Task.Delay(10);
        }
    }

    internal Job JobOf(string id) => Get<JobStore>().All.Single(j => j.Id == id);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _host.DisposeAsync();
    }

    private static async Task<string> ErrorOfAsync(HttpResponseMessage response) =>
        response.IsSuccessStatusCode ? "" : await response.Content.ReadAsStringAsync();

    private static void Configure(WebApplicationBuilder builder, IImageEngine? engine, CapturedErrors errors)
    {
        builder.Logging.ClearProviders().AddProvider(errors);
        if (engine is not null)
            builder.Services.AddSingleton(engine);
    }
}
