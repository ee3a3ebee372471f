using System.Diagnostics;
using System.Globalization;

namespace Nvg.Cli.Tests;

/// <summary>A real process that trains a tiny tokenizer.</summary>
internal sealed class TrainingProcess : IDisposable
{
    private const string Config = """
        {
          "name": "tiny",
          "tokenizer": { "imageSize": 8, "baseChannels": 8, "channelMultipliers": [1, 2], "resNetBlocks": 1,
            "latentChannels": 4, "codebookSize": 16, "normGroups": 4 },
          "loss": { "warmupSteps": 20, "reviveEvery": 10, "reviveUntil": 80 },
          "training": { "steps": 120, "batchSize": 4, "learningRate": 1e-3, "warmupSteps": 10, "precision": "float32",
            "logEvery": 5, "checkpointEvery": 15 }
        }
        """;

    private const string GeneratorConfig = """
        {
          "name": "tiny", "tokenizer": "TOKENIZER", "depth": 2,
          "loss": { "contentStages": 3, "structureStages": 2, "nullClassShare": 0.3, "dropPath": false },
          "training": { "steps": 20, "batchSize": 4, "learningRate": 1e-3, "warmupSteps": 5, "precision": "float32",
            "logEvery": 5, "checkpointEvery": 10 },
          "sampling": { "structureSteps": 2 }
        }
        """;

    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    private readonly Process _process;
    private readonly Task<string> _error;

    private TrainingProcess(ProcessStartInfo start)
    {
        start.RedirectStandardError = true;
        start.RedirectStandardOutput = true;
        // Threads of libtorch that wait actively would take the cores from other tests.
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        _process = Process.Start(start)!;
        _error = _process.StandardError.ReadToEndAsync();
        _ = _process.StandardOutput.ReadToEndAsync();
    }

    internal int Id => _process.Id;

    internal bool HasExited => _process.HasExited;

    /// <summary>Writes data and settings of a run into a folder.</summary>
    internal static void Prepare(TemporaryFolder folder)
    {
        Tiny.Prepare(folder["images"], folder["data"]);
        File.WriteAllText(folder["config.json"], Config);
    }

    /// <summary>Starts a run that continues if there is something to continue.</summary>
    /// <param name="folder">As prepared.</param>
    /// <param name="run">Name of the run's folder in it.</param>
    /// <param name="environment">Variables beside the usual ones.</param>
    /// <param name="more">Further arguments.</param>
    internal static TrainingProcess Start(
        TemporaryFolder folder, string run, IEnumerable<(string Name, string Value)>? environment = null, params string[] more) =>
        Start("dotnet", [], "tokenizer", folder, run, environment, more);

    /// <summary>Starts a generator's run on the model of another run.</summary>
    internal static TrainingProcess StartGenerator(TemporaryFolder folder, string run, string tokenizerRun, params string[] more)
    {
        File.WriteAllText(
            folder["config.json"], GeneratorConfig.Replace("TOKENIZER", folder[$"{tokenizerRun}/model"], StringComparison.Ordinal));
        return Start("dotnet", [], "generator", folder, run, null, more);
    }

    /// <summary>Starts a run through a launcher.</summary>
    internal static TrainingProcess StartBy(
        string launcher, string[] arguments, TemporaryFolder folder, string run, params string[] more) =>
        Start(launcher, [.. arguments, "dotnet"], "tokenizer", folder, run, null, more);

    /// <summary>The variables that torchrun sets for one of its processes on one machine.</summary>
    internal static IEnumerable<(string Name, string Value)> TorchrunVariables(int rank, int count, int port)
    {
        (string, string)[] same = [("GROUP_RANK", "0"), ("ROLE_NAME", "default"), ("GROUP_WORLD_SIZE", "1"), ("MASTER_ADDR", "127.0.0.1"),
            ("TORCHELASTIC_RESTART_COUNT", "0"), ("TORCHELASTIC_MAX_RESTARTS", "0"), ("TORCHELASTIC_RUN_ID", "none"), (
                "TORCHELASTIC_USE_AGENT_STORE", "True"),
            ("TORCH_NCCL_ASYNC_ERROR_HANDLING", "1"), ("OMP_NUM_THREADS", "1")];
        return [.. same, .. new[] { "RANK", "LOCAL_RANK", "ROLE_RANK" }.Select(n => (n, Text(rank))),
            .. new[] { "WORLD_SIZE", "LOCAL_WORLD_SIZE", "ROLE_WORLD_SIZE" }.Select(n => (n, Text(count))), ("MASTER_PORT", Text(port))];
    }

    /// <summary>Sends a signal, such as <c>TERM</c>.</summary>
    internal void Signal(string name)
    {
        using Process kill = Process.Start("kill", ["-" + name, Text(_process.Id)]);
        kill.WaitForExit();
    }

    /// <summary>Waits for the end.</summary>
    /// <param name="longest">A process that takes longer hangs.</param>
    /// <returns>The exit code and what was said on standard error.</returns>
    internal (int ExitCode, string Error) End(TimeSpan? longest = null)
    {
        Assert.True(_process.WaitForExit(longest ?? Longest), "the process does not end");
        return (_process.ExitCode, _error.GetAwaiter().GetResult());
    }

    internal void EndsWell(TimeSpan? longest = null)
    {
        (int exitCode, string error) = End(longest);
        Assert.True(exitCode == 0, error);
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            _process.Kill(entireProcessTree: true);
        _process.Dispose();
    }

    private static TrainingProcess Start(
        string program, string[] before, string kind, TemporaryFolder folder, string run,
        IEnumerable<(string Name, string Value)>? environment, string[] more)
    {
        var start = new ProcessStartInfo(program, [.. before, Path.Combine(AppContext.BaseDirectory, "Nvg.Cli.dll"), "train", kind,
            "--config", folder["config.json"], "--data", folder["data"], "-o", folder[run], "--resume", "--threads", "1", .. more]);
        foreach ((string name, string value) in environment ?? [])
            start.Environment[name] = value;
        return new TrainingProcess(start);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}
