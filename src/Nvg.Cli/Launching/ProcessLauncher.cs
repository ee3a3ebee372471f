using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Nvg.Cli.Terminal;
using Nvg.Training.Distributed;

namespace Nvg.Cli.Launching;

/// <summary>
/// Starts several processes of this command on this machine with the environment variables of torchrun, and ends all of them when
/// one fails. Signals are forwarded as SIGTERM; the processes then save and end.
/// </summary>
internal static partial class ProcessLauncher
{
    private const int SigKill = 9, SigTerm = 15, FirstSignalCode = 128;

    // The other processes notice the failure and report it; they are ended only after this time.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(15);

    /// <summary>Runs the processes.</summary>
    /// <param name="arguments">Arguments of the command for each process.</param>
    /// <param name="count">Number of processes.</param>
    /// <param name="cancellation">Requests that the processes save and end.</param>
    /// <returns>0 if all succeeded, otherwise the exit code of the first process that failed; 1 if a signal ended it.</returns>
    internal static async Task<int> RunAsync(IReadOnlyList<string> arguments, int count, CancellationToken cancellation)
    {
        string port = Environment.GetEnvironmentVariable(LaunchEnvironment.PortVariable) is { Length: > 0 } given ? given : FreePort();
        Process[] children = [.. Enumerable.Range(0, count).Select(rank => Start(arguments, rank, count, port))];
        try
        {
            using CancellationTokenRegistration asked = cancellation.Register(() => Signal(children, SigTerm));
            int code = await WaitAsync(children);
            return cancellation.IsCancellationRequested && code != CommandRunner.Done ? CommandRunner.Interrupted : code;
        }
        finally
        {
            Signal(children, SigKill);
            foreach (Process child in children)
                child.Dispose();
        }
    }

    private static async Task<int> WaitAsync(Process[] children)
    {
        var running = children.Select((child, rank) => (Rank: rank, Child: child, Ended: child.WaitForExitAsync())).ToList();
        int code = CommandRunner.Done;
        Task? deadline = null;
        bool asked = false;
        while (running.Count > 0)
        {
            Task first = await Task.WhenAny([.. running.Select(r => r.Ended), .. deadline is null ? [] : (Task[])[deadline]]);
            if (first == deadline)
            {
                Signal(children, asked ? SigKill : SigTerm);
                (asked, deadline) = (true, Task.Delay(Grace));
                continue;
            }

            var (rank, child, ended) = running.Find(r => r.Ended == first);
            running.RemoveAll(r => r.Ended == ended);
            if (child.ExitCode == CommandRunner.Done || code != CommandRunner.Done)
                continue;
            bool signalled = child.ExitCode > FirstSignalCode && child.ExitCode != CommandRunner.Interrupted;
            if (signalled)
                ConsoleText.Note($"nvg: rank {rank} was ended by signal {child.ExitCode - FirstSignalCode}; the other processes end too");
            code = signalled ? CommandRunner.Failed : child.ExitCode;
            deadline = Task.Delay(Grace);
        }

        return code;
    }

    private static Process Start(IReadOnlyList<string> arguments, int rank, int count, string port)
    {
        string application = typeof(ProcessLauncher).Assembly.Location;
        string host = Environment.ProcessPath is { } path && Path.GetFileNameWithoutExtension(path) == "dotnet" ? path : "dotnet";
        var start = new ProcessStartInfo(host, [application, .. arguments]);
        string number = rank.ToString(CultureInfo.InvariantCulture), size = count.ToString(CultureInfo.InvariantCulture);
        foreach ((string name, string value) in (ReadOnlySpan<(string, string)>)[
            ("RANK", number), ("LOCAL_RANK", number), ("GROUP_RANK", "0"), ("WORLD_SIZE", size), ("LOCAL_WORLD_SIZE", size),
            ("MASTER_ADDR", "127.0.0.1"), ("MASTER_PORT", port),
            (ParentWatch.Variable, Environment.ProcessId.ToString(CultureInfo.InvariantCulture))])
        {
            start.Environment[name] = value;
        }

        start.Environment.Remove("TORCHELASTIC_USE_AGENT_STORE");
        return Process.Start(start)!;
    }

    private static string FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port.ToString(CultureInfo.InvariantCulture);
    }

    private static void Signal(Process[] children, int signal)
    {
        foreach (Process child in children)
        {
            // The id of a process that has ended may have been reused.
            if (!child.HasExited)
                _ = Kill(child.Id, signal);
        }
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);
}
