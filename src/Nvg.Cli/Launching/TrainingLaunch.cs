using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Cli.Launching;

/// <summary>One process of a training run among those that it belongs to: its part of the machine, its start and its end.</summary>
internal static class TrainingLaunch
{
    private const string HowToGoOn = "the run stops here; started again with --resume it continues from its newest checkpoint";

    // A training thread that can notice for itself says more than the watch; it gets so long.
    private static readonly TimeSpan NoticeTime = TimeSpan.FromSeconds(6);

    /// <summary>What the launcher says, or null for a single process.</summary>
    /// <param name="processes">How many this process is asked to launch itself.</param>
    /// <exception cref="UsageException">The variables are incomplete, or there are two launchers.</exception>
    internal static LaunchEnvironment? Environment(int processes)
    {
        if (processes < 1)
            throw new UsageException($"--processes must be at least 1, not {processes}");
        try
        {
            LaunchEnvironment? environment = LaunchEnvironment.Detect(System.Environment.GetEnvironmentVariable);
            if (processes > 1 && environment is { WorldSize: > 1 })
                throw new UsageException($"--processes {processes} within a launch of {environment.WorldSize} processes ({environment.Launcher}): let one of them start the processes");
            return environment;
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
    }

    /// <summary>The arguments that were given, without an option and its value.</summary>
    internal static string[] ArgumentsWithout(ParseResult parsed, Option option)
    {
        string[] all = [.. parsed.Tokens.Select(t => t.Value)];
        int at = Array.IndexOf(all, option.Name);
        return at < 0 ? all : [.. all[..at], .. all[(at + 2)..]];
    }

    /// <summary>The GPU of this process where none is named: every process of a machine has its own.</summary>
    internal static Device DeviceOf(Device device, LaunchEnvironment? environment) =>
        device is { Type: DeviceType.Cuda, Index: < 0 } && environment is { WorldSize: > 1 } ? Device.Cuda(environment.LocalRank) : device;

    /// <summary>The cores of the machine, divided among its processes.</summary>
    internal static int DefaultThreads(LaunchEnvironment? environment) =>
        Math.Max(1, System.Environment.ProcessorCount / (environment is { WorldSize: > 1 } ? environment.LocalWorldSize : 1));

    /// <summary>Meets the other processes, works, and parts from them; ends this process at once where they cannot part.</summary>
    /// <param name="environment">Who they are, or null.</param>
    /// <param name="device">What is trained on.</param>
    /// <param name="verbose">Whether an error shows its trace.</param>
    /// <param name="work">Gets the processes, and a token that also the loss of the launcher cancels.</param>
    /// <param name="cancellation">Asks to save and end.</param>
    internal static async Task<int> RunAsync(
        LaunchEnvironment? environment, Device device, bool verbose, Func<TrainingProcesses, CancellationToken, Task<int>> work, CancellationToken cancellation)
    {
        ProcessSettings settings;
        try
        {
            settings = ProcessSettings.Read(System.Environment.GetEnvironmentVariable);
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }

        using var linked = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        using IDisposable? parent = ParentWatch.Start(linked.Cancel);
        TrainingProcesses processes = TrainingProcesses.Join(environment, device, settings, Lost);
        int code;
        try
        {
            code = await work(processes, linked.Token);
        }
        catch (OperationCanceledException) when (processes.HaveStopped)
        {
            processes.Dispose();
            throw;
        }
        catch (Exception error) when (processes.Count > 1)
        {
            if (processes.Explain(error) is not { } reason)
                ImmediateExit.With(CommandRunner.ExitCodeOf(error));
            else
                ImmediateExit.With(CommandRunner.Report(error is TorchException ? new ProcessFailedException($"{reason}: {HowToGoOn}", error) : error, verbose));
            throw;
        }

        processes.Dispose();
        return code;
    }

    private static void Lost(string reason)
    {
        Thread.Sleep(NoticeTime);
        Console.Error.WriteLine($"nvg: {reason}: {HowToGoOn}");
        ImmediateExit.With(CommandRunner.Failed);
    }
}
