using System.Diagnostics;
using System.Text.Json;

namespace Nvg.Server.Tests.Clients;

/// <summary>
/// Packages of npm that know nothing of this server, installed once into a folder of the tests from the lock file in <c>Node/</c>.
/// </summary>
public sealed class NodeClients : IDisposable
{
    private readonly Lazy<TemporaryFolder> _installed = new(Install);

    /// <summary>Why they cannot be tried here, or null.</summary>
    internal static string? Obstacle =>
        Environment.GetEnvironmentVariable("NVG_TEST_NODE") is not "1" ? "set NVG_TEST_NODE=1 (needs npm, and installs packages)"
        : !IsThere("npm") ? "no npm (Debian: npm)"
        : null;

    /// <summary>A file beside the packages.</summary>
    internal string Write(string name, byte[] content) => _installed.Value.Write(name, content);

    /// <summary>Runs a script of <c>Node/</c> and reads what it found.</summary>
    /// <param name="script">Name of the script.</param>
    /// <param name="arguments">Its arguments.</param>
    internal async Task<JsonElement> RunAsync(string script, params string[] arguments)
    {
        (int exitCode, string output, string error) = await RunAsync("node", _installed.Value.Root, [script, .. arguments]);
        Assert.True(exitCode == 0, error);
        return JsonDocument.Parse(output).RootElement;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_installed.IsValueCreated)
            _installed.Value.Dispose();
    }

    private static TemporaryFolder Install()
    {
        var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(Repository.PathOf("tests/Nvg.Server.Tests/Node")))
            File.Copy(file, folder[Path.GetFileName(file)]);
        (int exitCode, string _, string error) =
            RunAsync("npm", folder.Root, ["ci", "--no-fund", "--no-audit", "--ignore-scripts"]).GetAwaiter().GetResult();
        Assert.True(exitCode == 0, error);
        return folder;
    }

    private static async Task<(int ExitCode, string Output, string Error)> RunAsync(string program, string folder, string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, await output, await error);
    }

    private static bool IsThere(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));
}

/// <summary>A fact that is skipped, with the reason, unless <c>NVG_TEST_NODE=1</c> asks for it.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NodeFactAttribute : FactAttribute
{
    public NodeFactAttribute() => Skip = NodeClients.Obstacle;
}
