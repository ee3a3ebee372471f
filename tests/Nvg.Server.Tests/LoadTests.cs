using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Nvg.Torch;

namespace Nvg.Server.Tests;

/// <summary>Many clients at once, and for long.</summary>
[Collection(RunsAlone.Name)]
public sealed class LoadTests(ServedTinyModel model) : IClassFixture<ServedTinyModel>
{
    private const int Clients = 1000, Seeds = 32, Keys = 4;

    [Fact]
    public async Task Clients_AThousandAtOnce_GetTheirOwnImageOrAreRefusedAtOnce()
    {
        string[] keys = [.. Enumerable.Range(0, Keys).Select(k => $"key of sufficient length {k}")];
        await using TestServer server = await TestServer.StartAsync(model, o =>
        {
            (o.Server.BatchSize, o.Server.QueueLimit, o.Server.QueueLimitPerClient) = (4, 200, 50);
            foreach (string key in keys)
                o.Server.Keys.Add(key);
        });
        byte[][] expected = new byte[Seeds][];
        for (int seed = 0; seed < Seeds; seed++)
            expected[seed] = (await PostAsync(server, keys[0], seed)).Image!;
        await server.UntilIdleAsync();
        (long tensors, long memory) = (Tensor.LiveCount, ResidentMemory());
        (HttpStatusCode Status, byte[]? Image)[] answers =
            await Task.WhenAll(Enumerable.Range(0, Clients).Select(i => PostAsync(server, keys[i % Keys], i % Seeds)));
        (int Index,
            byte[] Image)[] accepted = [.. answers.Index().Where(a => a.Item.Image is not null).Select(a => (a.Index, a.Item.Image!))];
        Assert.All(accepted, a => Assert.Equal(expected[a.Index % Seeds], a.Image));
        Assert.All(answers.Where(a => a.Image is null), a => Assert.Equal(HttpStatusCode.TooManyRequests, a.Status));
        // At least what fits into the queue was accepted, and each key had the same room.
        Assert.InRange(accepted.Length, 200, Clients);
        int[] shares = [.. Enumerable.Range(0, Keys).Select(k => accepted.Count(a => a.Index % Keys == k))];
        Assert.All(shares, share => Assert.InRange(share, 0.9 * shares.Average(), 1.1 * shares.Average()));
        await server.UntilIdleAsync();
        Assert.Equal(tensors, Tensor.LiveCount);
        GC.Collect();
        Assert.InRange(ResidentMemory() - memory, long.MinValue, 150L << 20);
    }

    /// <summary>Requests that are left at random; 300 by default, NVG_SOAK_COUNT for more.</summary>
    [Fact]
    public async Task Soak_WithRandomDisconnects_LeavesNothingBehind()
    {
        int count = int.TryParse(Environment.GetEnvironmentVariable("NVG_SOAK_COUNT"), out int given) ? given : 300;
        await using TestServer server = await TestServer.StartAsync(model, o => o.Server.ResultImages = 20);
        await SoakAsync(server, 40, seed: 1);
        await server.UntilIdleAsync();
        (long tensors, long memory) = (Tensor.LiveCount, ResidentMemory());
        await SoakAsync(server, count, seed: 2);
        await server.UntilIdleAsync();
        Assert.Equal(tensors, Tensor.LiveCount);
        GC.Collect();
        Assert.InRange(ResidentMemory() - memory, long.MinValue, 100L << 20);
        Assert.InRange(server.Get<Jobs.JobStore>().All.Sum(j => j.Images.Count), 0, 20);
    }

    private static async Task SoakAsync(TestServer server, int count, int seed)
    {
        var random = new Random(seed);
        (int Kind, int Patience)[] plan =
            [.. Enumerable.Range(0, count).Select(_ => (random.Next(3), random.Next(4) == 0 ? random.Next(30) : 60_000))];
        await Parallel.ForEachAsync(plan.Index(), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (item, _) =>
        {
            using HttpClient client = server.CreateClient();
            using var leaving = new CancellationTokenSource(item.Item.Patience);
            try
            {
                await RequestAsync(client, item.Item.Kind, item.Index, leaving.Token);
            }
            catch (Exception error) when (leaving.IsCancellationRequested && error
                is OperationCanceledException or HttpRequestException or IOException)
            {
                // It left.
            }
        });
    }

    private static async Task RequestAsync(HttpClient client, int kind, int seed, CancellationToken leaving)
    {
        object body = new { prompt = "ship", seed, stream = kind == 1, partial_images = 2 };
        using HttpResponseMessage response = kind < 2
            ? await client.PostAsJsonAsync("/v1/images/generations", body, leaving)
            : await client.PostAsJsonAsync("/api/jobs", new { @class = "lion", seed }, leaving);
        string text = await response.Content.ReadAsStringAsync(leaving);
        Assert.True(response.IsSuccessStatusCode, text);
        if (kind == 2)
            await client.GetStringAsync(JsonDocument.Parse(text).RootElement.GetProperty("links").GetProperty("events").GetString(),
                leaving);
    }

    private static async Task<(HttpStatusCode Status, byte[]? Image)> PostAsync(TestServer server, string key, int seed)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post,
            "/v1/images/generations")
        { Content = JsonContent.Create(new { prompt = "ship", seed }) };
        request.Headers.Authorization = new("Bearer", key);
        using HttpResponseMessage response = await server.Client.SendAsync(request);
        string text = await response.Content.ReadAsStringAsync();
        return (response.StatusCode, response.IsSuccessStatusCode
            ? JsonDocument.Parse(text).RootElement.GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64() : null);
    }

    private static long ResidentMemory()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
