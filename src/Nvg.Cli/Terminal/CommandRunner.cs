using System.CommandLine;
using System.Runtime.InteropServices;
using Nvg.Torch;

namespace Nvg.Cli.Terminal;

/// <summary>
/// Runs a command line: signals cancel the command, and an exception becomes one line on standard error and an exit code.
/// </summary>
internal static class CommandRunner
{
    internal const int Done = 0, Failed = 1, WrongUsage = 2, UnusableData = 3, Interrupted = 130;

    // SIGUSR1, which cluster managers send some time before they end a job. .NET has no name for it.
    private const PosixSignal User1 = (PosixSignal)10;

    /// <summary>Adds the stack trace to an error.</summary>
    internal static readonly Option<bool> Verbose = new("--verbose") { Description = "Show the stack trace of an error", Recursive = true };

    /// <summary>How progress is shown.</summary>
    internal static readonly Option<ProgressMode?> Progress = new("--progress")
    {
        Description = "Progress on standard error: auto (a live line on a terminal; the default), plain, json or none",
        HelpName = "auto|plain|json|none",
        Recursive = true,
    };

    /// <summary>Shows no progress.</summary>
    internal static readonly Option<bool> Quiet =
        new("--quiet") { Description = "Show no progress; the same as --progress none", Recursive = true };

    internal static async Task<int> RunAsync(Command root, string[] args)
    {
        foreach (Option option in (Option[])[Progress, Quiet, Verbose])
            root.Options.Add(option);
        if (Suggestions.Find(root, args) is { } suggestions)
        {
            foreach (string suggestion in suggestions)
                ConsoleText.Print(suggestion);
            return Done;
        }

        ParseResult parsed = root.Parse(args is ["help", .. var command] ? [.. command, "--help"] : args);
        if (UsageProblem.Find(parsed) is { } problem)
        {
            string path = string.Join(' ', UsageProblem.CommandPath(parsed).Prepend("nvg"));
            string listed = parsed.CommandResult.Command is { Subcommands.Count: > 0, Arguments.Count: 0 } ? "commands" : "options";
            ConsoleText.Note($"nvg: {problem} ({path} --help shows the {listed})");
            return WrongUsage;
        }

        ConsoleProgress.Mode = parsed.GetValue(Quiet) ? ProgressMode.None : parsed.GetValue(Progress) ?? ProgressMode.Auto;
        using var cancellation = new CancellationTokenSource();
        using var signals = new SignalRegistrations(Cancel);
        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return await parsed.InvokeAsync(configuration, cancellation.Token);
        }
        catch (Exception error)
        {
            return Report(error, parsed.GetValue(Verbose));
        }

        // The work stops at the next safe point; a second Ctrl-C ends the process at once. SIGTERM may arrive twice, from a
        // cluster manager and from the launcher.
        void Cancel(PosixSignalContext context)
        {
            context.Cancel = context.Signal != PosixSignal.SIGINT || !cancellation.IsCancellationRequested;
            cancellation.Cancel();
        }
    }

    /// <summary>The exit code for an exception.</summary>
    internal static int ExitCodeOf(Exception error) => error switch
    {
        OperationCanceledException => Interrupted,
        UsageException => WrongUsage,
        NvgDataException => UnusableData,
        _ => Failed,
    };

    /// <summary>Reports an exception in one line.</summary>
    /// <returns>The exit code.</returns>
    internal static int Report(Exception error, bool verbose)
    {
        string line = error switch
        {
            InterruptedException => $"interrupted: {error.Message}",
            OperationCanceledException => "interrupted",
            TorchOutOfMemoryException => $"out of memory: {error.Message.ReplaceLineEndings(" ")}",
            _ => error.Message.ReplaceLineEndings(" "),
        };
        ConsoleText.Note($"nvg: {line}");
        if (verbose)
            Console.Error.WriteLine(error);
        return ExitCodeOf(error);
    }

    /// <summary>Handlers of the signals that end a run safely.</summary>
    private sealed class SignalRegistrations : IDisposable
    {
        private readonly PosixSignalRegistration[] _all;

        internal SignalRegistrations(Action<PosixSignalContext> handler)
        {
            var signals = new List<PosixSignal> { PosixSignal.SIGINT, PosixSignal.SIGTERM };
            if (OperatingSystem.IsLinux())
                signals.Add(User1);
            // A run started with nohup continues when its terminal is closed; any other run saves and ends.
            if (!OperatingSystem.IsWindows() && !StandardStreams.IgnoresHangUp())
                signals.Add(PosixSignal.SIGHUP);
            _all = [.. signals.Select(signal => PosixSignalRegistration.Create(signal, handler))];
        }

        public void Dispose()
        {
            foreach (PosixSignalRegistration registration in _all)
                registration.Dispose();
        }
    }
}
