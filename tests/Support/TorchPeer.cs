using System.Diagnostics;

namespace Nvg.Testing;

/// <summary>Debian's PyTorch, which writes files that this library reads and reads files that it writes.</summary>
public static class TorchPeer
{
    private const string Python = "/usr/bin/python3";

    private static readonly Lazy<bool> Found = new(() => File.Exists(Python) && Start(["-c", "import torch"]).ExitCode == 0);

    private static readonly Lazy<bool> Stores = new(() =>
        Start(["-c", "import torch.distributed as d; d.TCPStore('127.0.0.1', 0, 1, True)"]).ExitCode == 0);

    /// <summary>Whether its torchrun works. Debian 13's torchrun opens a store with libuv, but was built without libuv.</summary>
    public static bool HasStore => IsInstalled && Stores.Value;

    /// <summary>Whether Debian's PyTorch is installed.</summary>
    public static bool IsInstalled => Found.Value;

    /// <summary>The path of a script in <c>tests/peers</c>.</summary>
    public static string Script(string name)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "tests", "peers", name);
            if (File.Exists(candidate))
                return candidate;
        }

        throw new FileNotFoundException($"no tests/peers/{name} above {AppContext.BaseDirectory}");
    }

    /// <summary>Runs Python and returns its output; an error in Python fails the test.</summary>
    public static string Run(params string[] arguments)
    {
        (int exitCode, string output, string error) = Start(arguments);
        Assert.True(exitCode == 0, error);
        return output;
    }

    private static (int ExitCode, string Output, string Error) Start(string[] arguments)
    {
        // The test process may have loaded another libtorch and another OpenMP, so the peer starts with a clean environment.
        var start = new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("LD_LIBRARY_PATH");
        start.Environment.Remove("LD_PRELOAD");
        // oneDNN of PyTorch 2.6 computes some convolutions wrongly with AVX2 or AVX-512 on some processors (AMD Zen 5).
        start.Environment["ONEDNN_MAX_CPU_ISA"] = "SSE41";
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }
}

/// <summary>A fact that needs Debian's PyTorch. If it is missing, the fact is skipped with the reason.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class TorchPeerFactAttribute : FactAttribute
{
    public TorchPeerFactAttribute()
    {
        if (!TorchPeer.IsInstalled)
            Skip = "Debian's PyTorch is not installed (python3-torch)";
    }
}
