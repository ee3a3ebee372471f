using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Nvg.Imaging;
using Nvg.Server.Jobs;
using Nvg.Torch;

namespace Nvg.Server.Tests;

/// <summary>
/// What broke in other image servers, by the reports of their users: answers that never come, images of somebody else, work for clients
/// that have left, bodies that end the process, health that lies.
/// </summary>
[Collection(RunsAlone.Name)]
public sealed class FailureThreadTests(ServedTinyModel model) : IClassFixture<ServedTinyModel>
{
    // vllm-omni #1080: two parallel requests, one was never answered. StreamDiffusion #171: users got each other's images.
    [Fact]
    public async Task Requests_InParallel_AreEachAnsweredWithTheirOwnImage()
    {
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.BatchSize = 4);
        byte[][] parallel = await Task.WhenAll(Enumerable.Range(0, 24).Select(seed => OpenAiAsync(server, seed)));
        for (int seed = 0; seed < 24; seed++)
            Assert.Equal(parallel[seed], await OpenAiAsync(server, seed));
        Assert.Equal(24, parallel.Select(Convert.ToBase64String).Distinct().Count());
    }

    // A1111 #7723: reading options during a generation threw.
    [Fact]
    public async Task Reading_WhileImagesAreComputed_Works()
    {
        await using TestServer server = await TestServer.StartAsync(model);
        JsonElement job = await server.PostJobAsync(new { @class = "ship", count = 30 });
        string[] paths = ["/api/models", "/api/status", "/readyz", "/metrics", "/v1/models",
            job.GetProperty("links").GetProperty("self").GetString()!];
        HttpResponseMessage[] answers =
            await Task.WhenAll(Enumerable.Range(0, 60).Select(i => server.Client.GetAsync(paths[i % paths.Length])));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.StatusCode));
        Assert.Equal("completed", (await server.ReadEventsAsync(job.GetProperty("id").GetString()!))[^1].Name);
    }

    // A1111 #14908: after sustained load answers stopped while jobs ran on. textgen #5939: cancel and ask again, and the process died.
    [Fact]
    public async Task Clients_ThatTimeOutAndAskAgain_AreServedAtTheEnd()
    {
        await using TestServer server = await TestServer.StartAsync(model);
        await OpenAiAsync(server, 0);
        await server.UntilIdleAsync();
        long before = Tensor.LiveCount;
        for (int i = 0; i < 60; i++)
        {
            using var impatience = new CancellationTokenSource(TimeSpan.FromMilliseconds(i % 12));
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => OpenAiAsync(server, i, count: 4, cancellation: impatience.Token));
        }

        await OpenAiAsync(server, 1);
        await server.UntilIdleAsync();
        Assert.Equal(before, Tensor.LiveCount);
    }

    // tensorrtllm_backend #176, Triton #8982: the client left and the server computed on.
    [Fact]
    public async Task Client_ThatLeaves_TakesItsWorkWithIt()
    {
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(model, engine: engine);
        using var leaving = new CancellationTokenSource();
        Task<byte[]> request = OpenAiAsync(server, 1, count: 8, cancellation: leaving.Token);
        await TestServer.UntilAsync(() => engine.Passes.Count == 1, "nothing is computed");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        // The gate is closed: only cancellation empties queue and worker.
        await server.UntilIdleAsync();
        Assert.Single(engine.Passes);
        engine.Open();
        await OpenAiAsync(server, 2);
    }

    // The same, in the middle of an image: nothing is computed after the stage in which the client left.
    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(2, true)]
    [InlineData(3, false)]
    public async Task Client_ThatLeavesAfterAStage_EndsThePassThere(int stage, bool streams)
    {
        var engine = new PausingEngine(stage);
        await using TestServer server = await TestServer.StartAsync(model, engine: engine);
        using var leaving = new CancellationTokenSource();
        object body = streams ? new { prompt = "ship", seed = 1, stream = true, partial_images = 2 } : new { prompt = "ship", seed = 1 };
        Task<string> request = ReadAllAsync(server, body, leaving.Token);
        await TestServer.UntilAsync(() => engine.IsPaused, "the stage is not reached");
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => request);
        await server.UntilIdleAsync();
        Assert.Equal(stage + 1, engine.Finished);
        await OpenAiAsync(server, 2);
    }

    // ollama #7758, #4124: the limit was counted in the wrong place, and a full queue said 500.
    [Fact]
    public async Task Queue_AtItsLimit_RefusesTheNextAtOnce()
    {
        const int limit = 5;
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(model, o =>
            (o.Server.QueueLimit, o.Server.QueueLimitPerClient) = (limit, limit), engine);
        await server.PostJobAsync(new { @class = "ship" });
        await TestServer.UntilAsync(() => engine.Passes.Count == 1, "nothing is computed");
        for (int i = 0; i < limit; i++)
            await server.PostJobAsync(new { @class = "ship" });
        using HttpResponseMessage native = await server.Client.PostAsJsonAsync("/api/jobs", new { @class = "ship" });
        using HttpResponseMessage openAi = await server.Client.PostAsJsonAsync("/v1/images/generations", new { prompt = "ship" });
        foreach (HttpResponseMessage refused in (HttpResponseMessage[])[native, openAi])
        {
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.True(refused.Headers.RetryAfter?.Delta >= TimeSpan.FromSeconds(1));
        }

        Assert.Equal(limit, server.Queue.Waiting);
        engine.Open();
        await server.UntilIdleAsync();
        await server.PostJobAsync(new { @class = "ship" });
    }

    // ollama #2367: an undecodable image hung everything. vllm #38253: a truncated one gave 500.
    [Theory]
    [InlineData("truncated.png")]
    [InlineData("truncated.jpg")]
    [InlineData("truncated.webp")]
    [InlineData("noise")]
    [InlineData("text.svg")]
    [InlineData("empty")]
    public async Task Image_ThatCannotBeDecoded_IsRefusedAndTheNextWorks(string kind)
    {
        await using TestServer server = await TestServer.StartAsync(model);
        using var form = new MultipartFormDataContent { { new ByteArrayContent(Broken(kind)), "structure", kind } };
        using HttpResponseMessage refused = await server.Client.PostAsync("/api/jobs", form);
        Assert.True(refused.StatusCode == HttpStatusCode.BadRequest, await refused.Content.ReadAsStringAsync());
        await OpenAiAsync(server, 1);
    }

    // vllm #47010: a small file that claims a huge image.
    [Fact]
    public async Task Image_OfHugeSizeInASmallFile_IsRefusedByItsHeader()
    {
        await using TestServer server = await TestServer.StartAsync(model);
        byte[] bomb = HugePng.Create(30_000, 30_000);
        Assert.True(bomb.Length < 4_000_000, $"{bomb.Length}");
        await OpenAiAsync(server, 0);
        long before = Process.GetCurrentProcess().PeakWorkingSet64;
        foreach (string part in (string[])["structure", "labels", "depth", "reference"])
        {
            using var form = new MultipartFormDataContent { { new ByteArrayContent(bomb), part, "a.png" } };
            using HttpResponseMessage refused = await server.Client.PostAsync("/api/jobs", form);
            string text = await refused.Content.ReadAsStringAsync();
            Assert.True(refused.StatusCode == HttpStatusCode.BadRequest, text);
            Assert.Contains("30000", text, StringComparison.Ordinal);
        }

        Process.GetCurrentProcess().Refresh();
        // Decoded, it would take 2.7 GB.
        Assert.InRange(Process.GetCurrentProcess().PeakWorkingSet64 - before, 0, 400L << 20);
    }

    // vllm #36960, omlx #1884: health said yes while nothing could be computed.
    [Fact]
    public async Task Health_OfAWorkerThatFails_SaysNotReadyButLive()
    {
        var engine = new GatedEngine { Failure = _ => new TorchException("broken for the test") };
        engine.Open();
        await using TestServer server = await TestServer.StartAsync(model, engine: engine);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/readyz"));
        for (int i = 0; i < 3; i++)
        {
            using HttpResponseMessage failed = await server.Client.PostAsJsonAsync("/v1/images/generations", new { prompt = "ship" });
            string text = await failed.Content.ReadAsStringAsync();
            Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
            Assert.DoesNotContain("broken for the test", text, StringComparison.Ordinal);
            Assert.Equal("false", failed.Headers.GetValues("x-should-retry").Single());
        }

        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/readyz"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/healthz"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await PostStatusAsync(server));
    }

    [Fact]
    public async Task Health_OfAWorkerThatIsStuck_SaysNotReady()
    {
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.StallTime = TimeSpan.FromMilliseconds(50), engine);
        await server.PostJobAsync(new { @class = "ship" });
        await TestServer.UntilAsync(async () => await StatusAsync(server, "/readyz") == HttpStatusCode.ServiceUnavailable,
            "a stuck worker counts as ready");
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(server, "/healthz"));
        engine.Open();
        await TestServer.UntilAsync(async () => await StatusAsync(server, "/readyz") == HttpStatusCode.OK, "it does not recover");
    }

    // An image that cannot be computed must not take those with it that share its pass.
    [Fact]
    public async Task Failure_OfOneImageOfAPass_IsItsOwn()
    {
        var engine = new GatedEngine { Failure = pass => pass.Any(t => t.Request.Seed == 13) ? new TorchException("unlucky") : null };
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.BatchSize = 4, engine);
        JsonElement[] jobs =
            [.. await Task.WhenAll(Enumerable.Range(11, 4).Select(seed => server.PostJobAsync(new { @class = "ship", seed })))];
        engine.Open();
        foreach (JsonElement job in jobs)
        {
            string last = (await server.ReadEventsAsync(job.GetProperty("id").GetString()!))[^1].Name;
            Assert.Equal(job.GetProperty("images")[0].GetProperty("seed").GetString() == "13" ? "failed" : "completed", last);
        }
    }

    // SwarmUI #1192: one user's ten came before another's one.
    [Fact]
    public async Task Client_BesideOneWithManyImages_WaitsForOnePassOnly()
    {
        const string first = "a key of sufficient length", second = "another key of that length";
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(
            model, o =>
            {
                o.Server.Keys.Add(first);
                o.Server.Keys.Add(second);
            },
            engine);
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", first);
        await server.PostJobAsync(new { @class = "ship", count = 10 });
        await TestServer.UntilAsync(() => engine.Passes.Count == 1, "nothing is computed");
        server.Client.DefaultRequestHeaders.Authorization = new("Bearer", second);
        await server.PostJobAsync(new { @class = "ship" });
        engine.Open();
        await server.UntilIdleAsync();
        Assert.NotEqual(engine.Passes[0][0], engine.Passes[1][0]);
        Assert.All(engine.Passes.Skip(2), pass => Assert.Equal(engine.Passes[0][0], pass[0]));
    }

    // ComfyUI #7497: closing any tab cancelled everybody's work.
    [Fact]
    public async Task Cancelling_OfOneJob_LeavesOthersAlone()
    {
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.BatchSize = 2, engine);
        JsonElement kept = await server.PostJobAsync(new { @class = "ship", seed = 1 }),
            dropped = await server.PostJobAsync(new { @class = "ship", seed = 2, count = 3 });
        using HttpResponseMessage response = await server.Client.DeleteAsync(dropped.GetProperty("links").GetProperty("self").GetString());
        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        engine.Open();
        ServerEvent end = (await server.ReadEventsAsync(dropped.GetProperty("id").GetString()!))[^1];
        Assert.Equal(("cancelled", "client"), (end.Name, end.Json.GetProperty("reason").GetString()));
        Assert.Equal("completed", (await server.ReadEventsAsync(kept.GetProperty("id").GetString()!))[^1].Name);
    }

    // odysseus #2887, ComfyUI #12860: pages of other sites reached a server on loopback.
    [Theory]
    [InlineData("Host", "evil.example", 400)]
    [InlineData("Host", "127.0.0.1.evil.example", 400)]
    [InlineData("Origin", "http://evil.example", 403)]
    [InlineData("Origin", "null", 403)]
    [InlineData("Origin", "http://127.0.0.1:1", 403)]
    public async Task Request_OfAForeignPage_IsRefused(string header, string value, int status)
    {
        await using TestServer server = await TestServer.StartAsync(model);
        foreach (string path in (string[])["/api/jobs", "/v1/images/generations", "/api/session"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = JsonContent.Create(new { prompt = "ship" }) };
            request.Headers.TryAddWithoutValidation(header, value);
            using HttpResponseMessage response = await server.Client.SendAsync(request);
            Assert.Equal(status, (int)response.StatusCode);
            Assert.False(response.Headers.Contains("Access-Control-Allow-Origin"));
        }

        using var own = new HttpRequestMessage(HttpMethod.Post, "/api/jobs") { Content = JsonContent.Create(new { @class = "ship" }) };
        own.Headers.TryAddWithoutValidation("Origin", server.Url.GetLeftPart(UriPartial.Authority));
        using HttpResponseMessage accepted = await server.Client.SendAsync(own);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
    }

    // sglang #1838: a signal dropped work.
    [Fact]
    public async Task Stopping_WhileImagesAreComputed_LetsThemFinishAndRefusesNewOnes()
    {
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(model, engine: engine);
        Task<byte[]> running = OpenAiAsync(server, 7), waiting = OpenAiAsync(server, 8);
        await TestServer.UntilAsync(() => engine.Passes.Count == 1 && server.Queue.Waiting == 1, "nothing is computed");
        Task stopping = server.StopAsync();
        await TestServer.UntilAsync(() => server.Get<JobService>().IsDraining, "it does not begin to stop");
        using HttpResponseMessage refused = await server.Client.PostAsJsonAsync("/v1/images/generations", new { prompt = "ship" });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(server, "/readyz"));
        engine.Open();
        Assert.NotEqual(await running, await waiting);
        await stopping;
    }

    [Fact]
    public async Task Stopping_BeyondItsTime_TellsClientsWhatHappened()
    {
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.DrainTime = TimeSpan.FromMilliseconds(100),
            engine);
        JsonElement job = await server.PostJobAsync(new { @class = "ship" });
        Task<List<ServerEvent>> events = server.ReadEventsAsync(job.GetProperty("id").GetString()!);
        Task<HttpResponseMessage> waiting = server.Client.PostAsJsonAsync("/v1/images/generations", new { prompt = "ship" });
        await TestServer.UntilAsync(() => server.Queue.Waiting == 1, "the second does not wait");
        await server.StopAsync();
        Assert.Equal(("cancelled", "shutdown"), ((await events)[^1].Name, (await events)[^1].Json.GetProperty("reason").GetString()));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, (await waiting).StatusCode);
    }

    [Fact]
    public async Task Job_ThatTakesTooLongOrInterestsNobody_IsCancelled()
    {
        var engine = new GatedEngine();
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.Abandonment = TimeSpan.FromMilliseconds(300),
            engine);
        string late = (await server.PostJobAsync(new { @class = "ship", deadline = 0.2, detached = true })).GetProperty("id").GetString()!;
        string abandoned = (await server.PostJobAsync(new { @class = "ship" })).GetProperty("id").GetString()!;
        string detached = (await server.PostJobAsync(new { @class = "ship", detached = true })).GetProperty("id").GetString()!;
        await TestServer.UntilAsync(() => server.JobOf(late).IsOver && server.JobOf(abandoned).IsOver, "they are not cancelled");
        Assert.Equal((CancelReason.Deadline, CancelReason.Abandoned), (server.JobOf(late).Reason, server.JobOf(abandoned).Reason));
        Assert.False(server.JobOf(detached).IsOver);
        engine.Open();
        await TestServer.UntilAsync(() => server.JobOf(detached).State == JobState.Completed, "the detached job does not finish");
    }

    // A client that sends its request and half-closes, as shells do, or sends nothing more.
    [Fact]
    public async Task Connection_ThatSendsHalfARequest_CostsNobodyElse()
    {
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.UploadTime = TimeSpan.FromMilliseconds(200));
        using var socket = new TcpClient("127.0.0.1", server.Url.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/jobs HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"));
        await OpenAiAsync(server, 1);
        using var reader = new StreamReader(socket.GetStream());
        Assert.Contains("408", await reader.ReadLineAsync() ?? "", StringComparison.Ordinal);
    }

    internal static async Task<byte[]> OpenAiAsync(TestServer server, int seed, int count = 1, CancellationToken cancellation = default)
    {
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync(
            "/v1/images/generations", new { prompt = "ship", seed, n = count }, cancellation);
        string text = await response.Content.ReadAsStringAsync(cancellation);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonDocument.Parse(text).RootElement.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64();
    }

    private static async Task<string> ReadAllAsync(TestServer server, object body, CancellationToken cancellation)
    {
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync("/v1/images/generations", body, cancellation);
        return await response.Content.ReadAsStringAsync(cancellation);
    }

    private static byte[] Broken(string kind)
    {
        RgbImage image = Images.Gradient(64, 64);
        return kind switch
        {
            "truncated.png" => ImageFile.Encode(image, ImageFormat.Png)[..200],
            "truncated.jpg" => ImageFile.Encode(image, ImageFormat.Jpeg)[..300],
            "truncated.webp" => ImageFile.Encode(image, ImageFormat.WebP)[..60],
            "noise" => Enumerable.Range(0, 5000).Select(i => (byte)(i * 7919 >> 3)).ToArray(),
            "text.svg" => Encoding.UTF8.GetBytes("<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"),
            _ => [],
        };
    }

    private static async Task<HttpStatusCode> StatusAsync(TestServer server, string path)
    {
        using HttpResponseMessage response = await server.Client.GetAsync(path);
        return response.StatusCode;
    }

    private static async Task<HttpStatusCode> PostStatusAsync(TestServer server)
    {
        using HttpResponseMessage response = await server.Client.PostAsJsonAsync("/api/jobs", new { @class = "ship" });
        return response.StatusCode;
    }
}
