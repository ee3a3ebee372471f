using System.Diagnostics;
using System.Text.Json.Nodes;

namespace Nvg.Cli.Tests;

/// <summary>A real process that is killed in the middle of training, again and again, and continued.</summary>
[Collection(RunsAlone.Name)]
public sealed class KilledTrainingTests : IDisposable
{
    private const int Steps = 120, LogEvery = 5, Kills = 3;

    private const string Config = """
        {
          "name": "tiny",
          "tokenizer": { "imageSize": 8, "baseChannels": 8, "channelMultipliers": [1, 2], "resNetBlocks": 1, "latentChannels": 4, "codebookSize": 16, "normGroups": 4 },
          "loss": { "warmupSteps": 20, "reviveEvery": 10, "reviveUntil": 80 },
          "training": { "steps": 120, "batchSize": 4, "learningRate": 1e-3, "warmupSteps": 10, "precision": "float32", "logEvery": 5, "checkpointEvery": 15 }
        }
        """;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Train_KilledAtRandomMoments_EndsBitForBitTheSame()
    {
        Tiny.Prepare(_folder["pictures"], _folder["data"]);
        File.WriteAllText(_folder["config.json"], Config);
        using (Process straight = Start("straight"))
            AssertDone(straight);

        var random = new Random(4);
        int kills = 0;
        for (int round = 1; round <= Kills; round++)
        {
            using Process process = Start("killed");
            int wanted = Lines("killed") + random.Next(2, 6);
            while (!process.HasExited && Lines("killed") < wanted)
                Thread.Sleep(2);
            Thread.Sleep(random.Next(15));
            process.Kill();
            process.WaitForExit();
            kills += process.ExitCode == 137 ? 1 : 0;
        }

        Assert.Equal(Kills, kills);
        using (Process last = Start("killed"))
            AssertDone(last);
        foreach (string file in new[] { "model/tokenizer.safetensors", "checkpoints/step-00000120/weights.safetensors", "checkpoints/step-00000120/optimizer.safetensors" })
            Assert.Equal(File.ReadAllBytes(_folder[$"straight/{file}"]), File.ReadAllBytes(_folder[$"killed/{file}"]));
        Assert.Equal(Enumerable.Range(1, Steps / LogEvery).Select(i => i * LogEvery),
            File.ReadAllLines(_folder["killed/stats.jsonl"]).Select(line => (int)JsonNode.Parse(line)!["step"]!));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["killed/checkpoints"], ".*"));
    }

    public void Dispose() => _folder.Dispose();

    private Process Start(string run)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Nvg.Cli.dll"), "train", "tokenizer",
            "--config", _folder["config.json"], "--data", _folder["data"], "-o", _folder[run], "--resume", "--threads", "1"])
        {
            RedirectStandardError = true,
        };
        // Threads of libtorch that wait actively would take the cores from other tests.
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        return Process.Start(start)!;
    }

    private static void AssertDone(Process process)
    {
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error);
    }

    private int Lines(string run) => File.Exists(_folder[$"{run}/stats.jsonl"]) ? File.ReadLines(_folder[$"{run}/stats.jsonl"]).Count() : 0;
}
