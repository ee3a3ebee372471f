using System.CommandLine;
using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Cli.Launching;

/// <summary>Starts and ends one process of a training run: its device, its threads and its group.</summary>
internal static class TrainingLaunch
{
    private const string HowToContinue = "the run stops; --resume continues from its newest checkpoint";

    // The training thread reports more details if it notices the lost process itself, so the watch waits this long.
    private static readonly TimeSpan NoticeTime = TimeSpan.FromSeconds(6);

    /// <summary>The launch environment, or null for a single process.</summary>
    /// <param name="processes">Number of processes that this process should launch itself.</param>
    /// <exception cref="UsageException">The environment variables are incomplete, or there are two launchers.</exception>
    internal static LaunchEnvironment? Environment(int processes)
    {
        if (processes < 1)
            throw new UsageException($"--processes must be at least 1, not {processes}");
        try
        {
            LaunchEnvironment? environment = LaunchEnvironment.Detect(System.Environment.GetEnvironmentVariable);
            if (processes > 1 && environment is { WorldSize: > 1 })
            {
                throw new UsageException(
                    $"--processes {processes} in a launch of {environment.WorldSize} processes ({environment.Launcher}): use only one "
                        + "launcher");
            }

            return environment;
        }
        catch (FormatException error)
        {
            throw new UsageException(error.Message);
        }
    }

    /// <summary>The arguments of the command line without an option and its value.</summary>
    internal static string[] ArgumentsWithout(ParseResult parsed, Option option)
    {
        string[] all = [.. parsed.Tokens.Select(t => t.Value)];
        int at = Array.IndexOf(all, option.Name);
        return at < 0 ? all : [.. all[..at], .. all[(at + 2)..]];
    }

    /// <summary>The GPU of this process if none is named; each process of a machine has its own GPU.</summary>
    internal static Device DeviceOf(Device device, LaunchEnvironment? environment) =>
        device is { Type: DeviceType.Cuda, Index: < 0 } && environment is { WorldSize: > 1 } ? Device.Cuda(environment.LocalRank) : device;

    /// <summary>The number of cores per process of the machine.</summary>
    internal static int DefaultThreads(LaunchEnvironment? environment) =>
        Math.Max(1, System.Environment.ProcessorCount / (environment is { WorldSize: > 1 } ? environment.LocalWorldSize : 1));

    /// <summary>Joins the other processes, runs the work and leaves the group; ends this process at once if that fails.</summary>
    /// <param name="environment">The launch environment, or null.</param>
    /// <param name="device">Device to train on.</param>
    /// <param name="verbose">Whether an error shows its stack trace.</param>
    /// <param name="work">The work; its token is also cancelled when the launcher is lost.</param>
    /// <param name="cancellation">Requests to save and end.</param>
    internal static async Task<int> RunAsync(
        LaunchEnvironment? environment, Device device, bool verbose, Func<TrainingProcesses, CancellationToken, Task<int>> work,
        CancellationToken cancellation)
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
        TrainingProcesses processes = TrainingProcesses.Join(
            environment, device, settings, Lost, line => Console.Error.WriteLine($"nvg: {line}"), linked.Token);
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
            {
                Exception shown = error is TorchException ? new ProcessFailedException($"{reason}: {HowToContinue}", error) : error;
                ImmediateExit.With(CommandRunner.Report(shown, verbose));
            }

            throw;
        }

        processes.Dispose();
        return code;
    }

    private static void Lost(string reason)
    {
        Thread.Sleep(NoticeTime);
        ConsoleText.Note($"nvg: {reason}: {HowToContinue}");
        ImmediateExit.With(CommandRunner.Failed);
    }
}
