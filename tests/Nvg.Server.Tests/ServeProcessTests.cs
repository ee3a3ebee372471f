using System.Diagnostics;
using System.Net;
using System.Net.Http.Json;

namespace Nvg.Server.Tests;

/// <summary>The real process of <c>nvg serve</c>.</summary>
public sealed class ServeProcessTests(ServedTinyModel model) : IClassFixture<ServedTinyModel>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Serve_ToldToStopUnderLoad_FinishesAndExitsWithZero()
    {
        using Process process = Start("--model", model.Folder, "--urls", "http://127.0.0.1:0", "--threads", "1", "--queue", "1000");
        try
        {
            string line = (await process.StandardOutput.ReadLineAsync())!;
            using var client = new HttpClient { BaseAddress = new Uri(line.Split(' ')[2]), Timeout = Patience };
            Task<HttpResponseMessage>[] running =
                [.. Enumerable.Range(0, 20)
                    .Select(seed => client.PostAsJsonAsync("/v1/images/generations", new { prompt = "ship", seed, n = 10 }))];
            await TestServer.UntilAsync(async () =>
                (await client.GetStringAsync("/api/status")).Contains("\"runningImages\":1", StringComparison.Ordinal), "nothing runs");
            using (Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]))
                await kill.WaitForExitAsync();
            HttpResponseMessage[] answers = await Task.WhenAll(running);
            // What was accepted before the signal is finished; what came after it is refused.
            Assert.All(answers, a =>
                Assert.True(a.StatusCode is HttpStatusCode.OK or HttpStatusCode.ServiceUnavailable, $"{a.StatusCode}"));
            Assert.Contains(answers, a => a.StatusCode == HttpStatusCode.OK);
            await process.WaitForExitAsync(new CancellationTokenSource(Patience).Token);
            Assert.Equal((0, ""), (process.ExitCode, await process.StandardError.ReadToEndAsync()));
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }

    [Theory]
    [InlineData(2, "--key-file", "--urls", "http://0.0.0.0:0")]
    [InlineData(3, "no-such.txt", "--key-file", "no-such.txt")]
    [InlineData(2, "not an address", "--urls", "nonsense")]
    [InlineData(3, "model folder not found", "--model", "no-such-model")]
    public async Task Serve_OfSomethingWrong_SaysSoInOneLine(int exitCode, string text, params string[] arguments)
    {
        string[] whole = arguments.Contains("--model") ? arguments : ["--model", model.Folder, .. arguments];
        using Process process = Start(whole);
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        Assert.Equal(exitCode, process.ExitCode);
        Assert.Contains(text, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    private static Process Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Nvg.Cli.dll"), "serve", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        return Process.Start(start)!;
    }
}
