using System.Diagnostics;

namespace Nvg.Testing;

/// <summary>Python with PyTorch beside the repository: an independent implementation to compare with, where it is installed.</summary>
public static class PyTorchPeer
{
    private const string Python = "/usr/bin/python3";

    /// <summary>Why there is none, or null.</summary>
    public static string? Missing { get; } = Find();

    /// <summary>The folder of the peers' scripts, or null.</summary>
    private static string? Folder { get; } = FindFolder();

    /// <summary>Runs a script of <c>tests/peers</c>.</summary>
    /// <param name="script">Its name.</param>
    /// <param name="arguments">What it is given.</param>
    public static void Run(string script, params string[] arguments)
    {
        (int code, string error) = Start([Path.Combine(Folder!, script), .. arguments]);
        if (code != 0)
            throw new InvalidOperationException($"{script} ended with {code}: {error}");
    }

    private static string? Find()
    {
        if (!File.Exists(Python) || FindFolder() is null)
            return $"no {Python}, or not run inside the repository";
        return Start(["-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('torch') is None)"]).Code == 0 ? null : "python3-torch is not installed";
    }

    private static string? FindFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            string candidate = Path.Combine(folder.FullName, "tests", "peers");
            if (Directory.Exists(candidate))
                return candidate;
        }

        return null;
    }

    private static (int Code, string Error) Start(string[] arguments)
    {
        var start = new ProcessStartInfo(Python, arguments) { RedirectStandardError = true, Environment = { ["PYTHONDONTWRITEBYTECODE"] = "1" } };
        using Process process = Process.Start(start)!;
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, error);
    }
}

/// <summary>A fact that compares with PyTorch and is skipped, with the reason, where it is not installed.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class PyTorchFactAttribute : FactAttribute
{
    public PyTorchFactAttribute() => Skip = PyTorchPeer.Missing;
}
