using System.Diagnostics;
using System.Text.Json.Nodes;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Cli.Tests.Hosts;

/// <summary>Training over two hosts, with and without a shared folder.</summary>
[Collection(RunsAlone.Name)]
public sealed class TwoHostsTests : IDisposable
{
    private static readonly string[] TwentySteps = ["--set", "training.steps=20"], SixtySteps = ["--set", "training.steps=60"];

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public TwoHostsTests() => TrainingProcess.Prepare(_folder);

    [TwoHostsTheory]
    [InlineData("many")]
    [InlineData("elsewhere")]
    public void Train_TwoHosts_EndsWithTheWeightsOfOneProcess(string folderOfSecond)
    {
        using var hosts = new TwoHosts();
        using (TrainingProcess first = hosts.Start(0, _folder, "many", TwentySteps),
            second = hosts.Start(1, _folder, folderOfSecond, TwentySteps))
        {
            first.EndsWell();
            second.EndsWell();
        }

        AssertEqualsOneProcess("many", 20);
        JsonNode environment = JsonNode.Parse(File.ReadAllText(_folder["many/environment.json"]))!;
        Assert.Contains("2 (torchrun)", (string?)environment["processes"], StringComparison.Ordinal);
        // Only rank 0 writes: without a shared folder the second host's stays empty.
        if (folderOfSecond != "many")
            Assert.False(Directory.Exists(_folder[$"{folderOfSecond}/checkpoints"]));
    }

    [TwoHostsFact]
    public void Train_CableIsCut_BothEndWithinAMinuteAndSayWhomTheyLost()
    {
        using var hosts = new TwoHosts();
        // Slow, so that the run is not over before the cable is cut.
        hosts.LimitBandwidth("2mbit");
        using TrainingProcess first = hosts.Start(0, _folder, "many", SixtySteps),
            second = hosts.Start(1, _folder, "elsewhere", SixtySteps);
        AwaitStep("many", 20, first, second);
        hosts.CutCable();
        var clock = Stopwatch.StartNew();
        (int firstCode, string firstError) = first.End(Minute * 2);
        (int secondCode, string secondError) = second.End(Minute * 2);
        Assert.True(clock.Elapsed < Minute, $"it took {clock.Elapsed}");
        Assert.Equal((1, 1), (firstCode, secondCode));
        Assert.Matches("nvg: rank 0: (rank 1 has been silent for 30 s|lost rank 1)", firstError);
        Assert.Matches("nvg: rank 1: (rank 0, which serves the store of the run|lost rank 0)", secondError);
        Assert.Contains("--resume", firstError, StringComparison.Ordinal);
        // The run goes on with what rank 0 has, on one host alone.
        int step = LastCheckpoint("many");
        using (TrainingProcess alone = TrainingProcess.Start(_folder, "many", null, SixtySteps))
            alone.EndsWell();
        Assert.Contains($"training continues after step {step}", File.ReadAllText(_folder["many/log.txt"]), StringComparison.Ordinal);
        // Rounding grows with the steps; a lost or repeated step moves a weight by more.
        AssertEqualsOneProcess("many", 60, 5e-4);
    }

    [TwoHostsFact]
    public void Train_SlowCable_EndsWithTheSameWeights()
    {
        using var hosts = new TwoHosts();
        hosts.LimitBandwidth("2mbit");
        using (TrainingProcess first = hosts.Start(0, _folder, "many", TwentySteps), second = hosts.Start(1, _folder, "many", TwentySteps))
        {
            first.EndsWell();
            second.EndsWell();
        }

        AssertEqualsOneProcess("many", 20);
    }

    [TwoHostsFact]
    public void Train_SecondHostStartsLate_IsAwaitedAndNamed()
    {
        using var hosts = new TwoHosts();
        using TrainingProcess first = hosts.Start(0, _folder, "many", TwentySteps);
        Thread.Sleep(TimeSpan.FromSeconds(30));
        Assert.False(first.HasExited);
        using TrainingProcess second = hosts.Start(1, _folder, "many", TwentySteps);
        (int code, string error) = first.End();
        Assert.True(code == 0, error);
        second.EndsWell();
        Assert.Contains("waiting at 10.83.7.1:29400 (torchrun) for 1 of 2 processes", error, StringComparison.Ordinal);
        AssertEqualsOneProcess("many", 20);
    }

    public void Dispose() => _folder.Dispose();

    private void AwaitStep(string run, int step, params TrainingProcess[] processes)
    {
        while (!File.Exists(_folder[$"{run}/stats.jsonl"])
            || File.ReadAllLines(_folder[$"{run}/stats.jsonl"]).LastOrDefault(line => line.EndsWith('}')) is not { } last
            || (int)JsonNode.Parse(last)!["step"]! < step)
        {
            if (Array.Find(processes, p => p.HasExited) is { } ended)
                Assert.Fail($"ended too early: {ended.End()}");
            Thread.Sleep(20);
        }
    }

    private int LastCheckpoint(string run) => Directory.GetDirectories(_folder[$"{run}/checkpoints"])
        .Select(Path.GetFileName).Where(name => name!.StartsWith("step-", StringComparison.Ordinal))
        .Max(name => int.Parse(name!["step-".Length..]));

    // Sums in another order.
    private void AssertEqualsOneProcess(string run, int steps, double tolerance = 1e-5)
    {
        using (TrainingProcess one = TrainingProcess.Start(_folder, "one", null, "--set", $"training.steps={steps}"))
            one.EndsWell();
        string checkpoint = $"checkpoints/step-{steps:D8}/weights.safetensors";
        using SafetensorsFile wanted = SafetensorsFile.Open(_folder[$"one/{checkpoint}"]),
            found = SafetensorsFile.Open(_folder[$"{run}/{checkpoint}"]);
        foreach (string name in wanted.Keys)
        {
            using var scope = new TensorScope();
            double difference = (wanted[name] - found[name]).Abs().Max().Item();
            Assert.True(difference <= tolerance, $"{name} differs by {difference}");
        }
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class TwoHostsFactAttribute : FactAttribute
    {
        public TwoHostsFactAttribute() => Skip = TwoHosts.Obstacle;
    }

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class TwoHostsTheoryAttribute : TheoryAttribute
    {
        public TwoHostsTheoryAttribute() => Skip = TwoHosts.Obstacle;
    }
}
