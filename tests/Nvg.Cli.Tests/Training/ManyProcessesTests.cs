using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Cli.Tests;

/// <summary>Real processes that train together: against one process alone, and with one of them lost, stopped or suspended.</summary>
[Collection(RunsAlone.Name)]
public sealed class ManyProcessesTests : IDisposable
{
    private const string Torchrun = "/usr/bin/torchrun";

    // Sums in another order, over 20 steps; one process with two threads differs as much from one with one.
    private const double Tolerance = 1e-5;
    // Rounding grows with the steps; half of what a single one moves a weight by, so that none is lost or repeated.
    private const double AfterMoreSteps = 5e-4;

    private static readonly string[] SixtySteps = ["--set", "training.steps=60"];

    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly TemporaryFolder _folder = new();

    public ManyProcessesTests() => TrainingProcess.Prepare(_folder);

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Train_SameBatch_EndsWithTheWeightsOfOneProcess(int processes)
    {
        Run("one", "--set", "training.steps=20");
        Run("many", "--processes", $"{processes}", "--set", "training.steps=20");
        AssertClose("one", "many", "step-00000020");
        JsonNode one = Statistics("one")[^1], many = Statistics("many")[^1];
        foreach (string term in new[] { "loss", "l1", "quantizer", "gradient_norm", "codebook_usage", "codebook_perplexity" })
            Assert.Equal((double)one[term]!, (double)many[term]!, 1e-4 * Math.Abs((double)one[term]!));
        Assert.Equal(4, Statistics("many").Length);
    }

    [Fact]
    public void Train_GeneratorWithRandomStages_EndsWithTheWeightsOfOneProcess()
    {
        Run("tokenizer", "--set", "training.steps=20");
        using (TrainingProcess one = TrainingProcess.StartGenerator(_folder, "one", "tokenizer"))
            one.EndsWell();
        using (TrainingProcess many = TrainingProcess.StartGenerator(_folder, "many", "tokenizer", "--processes", "2"))
            many.EndsWell();
        AssertClose("one", "many", "step-00000020");
        // An image takes part in some stages alone, so one process may lack a term that another has.
        Assert.Equal(Statistics("one").Select(Terms), Statistics("many").Select(Terms));

        static string Terms(JsonNode line) => string.Join(' ', line.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Train_VariablesAsTorchrunSetsThem_LeavesTheAgentItsPort()
    {
        // The agent listens on MASTER_PORT itself.
        using var agent = new TcpListener(IPAddress.Loopback, 0);
        agent.Start();
        int port = ((IPEndPoint)agent.LocalEndpoint).Port;
        Run("one", "--set", "training.steps=20");
        TrainingProcess[] ranks = StartRanks("many", 2, port, "--set", "training.steps=20");
        foreach (TrainingProcess rank in ranks)
        {
            using (rank)
                rank.EndsWell();
        }

        AssertClose("one", "many", "step-00000020");
        Assert.Equal("2 (torchrun)", (string?)JsonNode.Parse(File.ReadAllText(_folder["many/environment.json"]))!["processes"]);
    }

    [TorchrunFact]
    public void Train_ByTorchrun_EndsWithTheWeightsOfOneProcess()
    {
        Run("one", "--set", "training.steps=20");
        using TrainingProcess launcher = TrainingProcess.StartBy(
            // The two last: under Python 3.11 torchrun 1.13 fails on its defaults of these.
            Torchrun, [
                "--no_python", "--standalone", "--nproc_per_node", "2", "-r", "1", "-t", "1"], _folder, "many", "--set",
                "training.steps=20");
        launcher.EndsWell();
        AssertClose("one", "many", "step-00000020");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void Train_OneIsKilled_TheOtherEndsAndTheRunGoesOnWithAnotherNumber(int victim)
    {
        TrainingProcess[] ranks = StartRanks("many", 2, Ranks.FreePort(), SixtySteps);
        using (ranks[0])
        using (ranks[1])
        {
            AwaitStep("many", 20, ranks);
            ranks[victim].Signal("KILL");
            var clock = Stopwatch.StartNew();
            (int exitCode, string error) = ranks[1 - victim].End();
            Assert.True(clock.Elapsed < Minute, $"it took {clock.Elapsed}");
            Assert.Equal(1, exitCode);
            Assert.Contains($"nvg: rank {1 - victim}: lost rank {victim}", error, StringComparison.Ordinal);
            Assert.Contains("--resume", error, StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(_folder["many/model"]));
        Assert.Equal(victim == 1, File.ReadAllText(_folder["many/log.txt"]).Contains("rank 0: lost rank 1", StringComparison.Ordinal));
        Run("many", ["--processes", "3", .. SixtySteps]);
        Assert.Contains("training continues after step", File.ReadAllText(_folder["many/log.txt"]), StringComparison.Ordinal);
        Run("one", SixtySteps);
        AssertClose("one", "many", "step-00000060", AfterMoreSteps);
    }

    [Fact]
    public void Train_OneIsSuspended_TheOthersEnd()
    {
        TrainingProcess[] ranks = StartRanks(
            "many", 2, Ranks.FreePort(), variables: [("NVG_LOST_AFTER_SECONDS", "3")], "--set", "training.steps=100000");
        using (ranks[0])
        using (ranks[1])
        {
            AwaitStep("many", 10, ranks);
            ranks[1].Signal("STOP");
            var clock = Stopwatch.StartNew();
            (int exitCode, string error) = ranks[0].End();
            Assert.True(clock.Elapsed < Minute, $"it took {clock.Elapsed}");
            Assert.Equal(1, exitCode);
            Assert.Contains("rank 1 has been silent for 3 s", error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Train_LauncherIsToldToEnd_AllSaveAndTheRunGoesOn()
    {
        using (TrainingProcess launcher = TrainingProcess.Start(_folder, "many", null, ["--processes", "2", .. SixtySteps]))
        {
            AwaitStep("many", 20, launcher);
            launcher.Signal("TERM");
            (int exitCode, string error) = launcher.End();
            Assert.True(exitCode == 130, $"{exitCode}: {error}");
        }

        Assert.Contains("stopped after step", File.ReadAllText(_folder["many/log.txt"]), StringComparison.Ordinal);
        Run("many", SixtySteps);
        Run("one", SixtySteps);
        AssertClose("one", "many", "step-00000060", AfterMoreSteps);
    }

    [Fact]
    public void Train_OneOfTheLaunchedIsKilled_TheLauncherSaysWhich()
    {
        using TrainingProcess launcher = TrainingProcess.Start(_folder, "many", null, "--processes", "2", "--set", "training.steps=100000");
        AwaitStep("many", 10, launcher);
        int victim = Children(launcher).First(child => File.ReadAllText($"/proc/{child}/environ").Split('\0').Contains("RANK=1"));
        using (Process kill = Process.Start("kill", ["-KILL", $"{victim}"]))
            kill.WaitForExit();
        (int exitCode, string error) = launcher.End();
        Assert.Equal(1, exitCode);
        Assert.Contains("nvg: rank 1 was ended by signal 9", error, StringComparison.Ordinal);
        Assert.Contains("nvg: rank 0: lost rank 1", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Train_OneUsesOtherSettings_AllAreToldWhich()
    {
        int port = Ranks.FreePort();
        using TrainingProcess first = TrainingProcess.Start(_folder, "many", TrainingProcess.TorchrunVariables(0, 2, port));
        using TrainingProcess second = TrainingProcess.Start(
            _folder, "many", TrainingProcess.TorchrunVariables(1, 2, port), "--set", "training.learningRate=1e-4");
        (int firstCode, string firstError) = first.End();
        (int secondCode, _) = second.End();
        Assert.Equal((3, 3), (firstCode, secondCode));
        Assert.Contains("rank 1 was started with other settings or data than rank 0", firstError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RANK=0 WORLD_SIZE=2", "not MASTER_ADDR, MASTER_PORT")]
    [InlineData("RANK=0 WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=1234", "in a launch of 2 processes")]
    public void Train_VariablesThatCannotBe_AreWrongUsage(string variables, string message)
    {
        using TrainingProcess process = TrainingProcess.Start(
            _folder, "many", variables.Split(' ').Select(v => v.Split('=')).Select(v => (v[0], v[1])), "--processes", "2");
        (int exitCode, string error) = process.End();
        Assert.Equal(2, exitCode);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.Single(error.Trim().Split('\n'));
    }

    public void Dispose() => _folder.Dispose();

    private void Run(string run, params string[] more)
    {
        using TrainingProcess process = TrainingProcess.Start(_folder, run, null, more);
        process.EndsWell();
    }

    private TrainingProcess[] StartRanks(string run, int count, int port, params string[] more) => StartRanks(run, count, port, [], more);

    private TrainingProcess[] StartRanks(string run, int count, int port, (string, string)[] variables, params string[] more) =>
        [.. Enumerable.Range(0, count).Select(
            rank => TrainingProcess.Start(_folder, run, [.. TrainingProcess.TorchrunVariables(rank, count, port), .. variables], more))];

    private void AwaitStep(string run, int step, params TrainingProcess[] processes)
    {
        while (Statistics(run) is var lines && (lines.Length == 0 || (int)lines[^1]["step"]! < step))
        {
            if (Array.Find(processes, p => p.HasExited) is { } ended)
                Assert.Fail($"ended too early: {ended.End()}");
            Thread.Sleep(5);
        }
    }

    // The last line may be under way.
    private JsonNode[] Statistics(string run) => File.Exists(_folder[$"{run}/stats.jsonl"])
        ? [.. File.ReadAllLines(_folder[$"{run}/stats.jsonl"]).Where(line => line.EndsWith('}')).Select(line => JsonNode.Parse(line)!)]
        : [];

    private void AssertClose(string expected, string actual, string checkpoint, double tolerance = Tolerance)
    {
        foreach (string file in new[] { "weights", "average" })
        {
            using SafetensorsFile wanted = SafetensorsFile.Open(_folder[$"{expected}/checkpoints/{checkpoint}/{file}.safetensors"]);
            using SafetensorsFile found = SafetensorsFile.Open(_folder[$"{actual}/checkpoints/{checkpoint}/{file}.safetensors"]);
            foreach (string name in wanted.Keys)
            {
                using var scope = new TensorScope();
                double difference = (wanted[name] - found[name]).Abs().Max().Item();
                Assert.True(difference <= tolerance, $"{file} {name} differs by {difference}");
            }
        }
    }

    private static IEnumerable<int> Children(TrainingProcess parent) =>
        Directory.GetDirectories($"/proc/{parent.Id}/task").SelectMany(
            thread => File.ReadAllText(Path.Combine(thread, "children")).Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Select(id => int.Parse(id, CultureInfo.InvariantCulture));

    [AttributeUsage(AttributeTargets.Method)]
    private sealed class TorchrunFactAttribute : FactAttribute
    {
        public TorchrunFactAttribute()
        {
            if (!File.Exists(Torchrun) || !TorchPeer.IsInstalled)
                Skip = "no torchrun (Debian: python3-torch)";
            else if (!TorchPeer.HasStore)
                Skip = "this torchrun cannot open its own store: PyTorch was built without libuv";
        }
    }
}
