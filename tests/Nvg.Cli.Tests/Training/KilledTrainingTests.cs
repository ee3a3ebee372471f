using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Xunit.Abstractions;

namespace Nvg.Cli.Tests;

/// <summary>
/// A real process that is killed at random moments, again and again, and continued: between steps, while it writes a
/// checkpoint, while it starts and reads. NVG_KILLS sets how often.
/// </summary>
[Collection(RunsAlone.Name)]
public sealed class KilledTrainingTests(ITestOutputHelper output) : IDisposable
{
    private const int LogEvery = 5, StepsPerKill = 20, UsualKills = 6;

    private enum Moment
    {
        InSteps,
        InCheckpoint,
        AtStart,
    }

    private static readonly int Kills = int.Parse(
        Environment.GetEnvironmentVariable("NVG_KILLS") ?? $"{UsualKills}", CultureInfo.InvariantCulture);

    private readonly TemporaryFolder _folder = new();
    private readonly Random _random = new(4);

    [Fact]
    public void Train_KilledAtRandomMoments_EndsBitForBitTheSame()
    {
        TrainingProcess.Prepare(_folder);
        int steps = Math.Max(3, Kills) * StepsPerKill;
        var starting = Stopwatch.StartNew();
        TimeSpan startTime;
        using (TrainingProcess straight = Start("straight", steps))
        {
            while (Lines("straight") == 0 && !straight.HasExited)
                Thread.Sleep(1);
            startTime = starting.Elapsed;
            straight.EndsWell(TimeSpan.FromSeconds(60 + steps));
        }

        int[] kills = new int[3];
        for (int round = 0; kills.Sum() < Kills; round++)
        {
            var moment = (Moment)(round % kills.Length);
            using TrainingProcess process = Start("killed", steps);
            Await(moment, process, startTime);
            process.Signal("KILL");
            (int exitCode, string error) = process.End();
            Assert.True(exitCode is 137 or 0, error);
            Assert.False(Directory.Exists(_folder["killed/model"]), $"done after {kills.Sum()} kills: too few steps");
            kills[(int)moment]++;
        }

        using (TrainingProcess last = Start("killed", steps))
            last.EndsWell(TimeSpan.FromSeconds(60 + steps));
        output.WriteLine($"{kills[0]} kills between steps, {kills[1]} in a checkpoint, {kills[2]} at the start");
        string newest = $"checkpoints/step-{steps:D8}";
        string[] files =
        [
            "model/tokenizer.safetensors", $"{newest}/weights.safetensors", $"{newest}/average.safetensors",
            $"{newest}/optimizer.safetensors",
        ];
        foreach (string file in files)
            Assert.Equal(File.ReadAllBytes(_folder[$"straight/{file}"]), File.ReadAllBytes(_folder[$"killed/{file}"]));
        Assert.Equal(Enumerable.Range(1, steps / LogEvery).Select(i => i * LogEvery),
            File.ReadAllLines(_folder["killed/stats.jsonl"]).Select(line => (int)JsonNode.Parse(line)!["step"]!));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["killed/checkpoints"], ".*"));
    }

    [Theory]
    [InlineData("TERM")]
    [InlineData("USR1")]
    public void Train_Signal_SavesAndEnds(string signal)
    {
        TrainingProcess.Prepare(_folder);
        using (TrainingProcess process = Start("run", 100000))
        {
            while (Lines("run") < 4 && !process.HasExited)
                Thread.Sleep(1);
            process.Signal(signal);
            (int exitCode, string error) = process.End();
            Assert.Equal(130, exitCode);
            Assert.Contains(
                $"nvg: interrupted: the run is saved in {_folder["run"]}; continue it with --resume", error, StringComparison.Ordinal);
        }

        string log = File.ReadAllText(_folder["run/log.txt"]);
        string stopped = log[(log.IndexOf("stopped after step ", StringComparison.Ordinal) + "stopped after step ".Length)..].Trim();
        Assert.True(File.Exists(_folder[$"run/checkpoints/step-{int.Parse(stopped, CultureInfo.InvariantCulture):D8}/state.json"]), log);
    }

    public void Dispose() => _folder.Dispose();

    private TrainingProcess Start(string run, int steps) =>
        TrainingProcess.Start(_folder, run, null, "--set", $"training.steps={steps}", "training.imageEvery=0");

    private void Await(Moment moment, TrainingProcess process, TimeSpan startTime)
    {
        if (moment == Moment.AtStart)
        {
            Thread.Sleep(startTime * _random.NextDouble());
            return;
        }

        int lines = Lines("killed") + _random.Next(2, 8);
        string checkpoints = _folder["killed/checkpoints"];
        while (!process.HasExited)
        {
            if (moment == Moment.InSteps ? Lines("killed") >= lines
                : Directory.Exists(checkpoints) && Directory.GetDirectories(checkpoints, ".step-*.tmp").Length > 0)
                break;
            if (moment == Moment.InSteps)
                Thread.Sleep(1);
        }

        Thread.Sleep(_random.Next(moment == Moment.InSteps ? 15 : 3));
    }

    private int Lines(string run) => File.Exists(_folder[$"{run}/stats.jsonl"]) ? File.ReadLines(_folder[$"{run}/stats.jsonl"]).Count() : 0;
}
