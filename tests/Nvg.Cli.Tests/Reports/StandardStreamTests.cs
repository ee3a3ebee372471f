using System.Diagnostics;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests.Reports;

/// <summary>Real processes whose standard output or error is on a full disk, or closed: messages are lost, work is not.</summary>
public sealed class StandardStreamTests(TinyModel model) : IClassFixture<TinyModel>, IDisposable
{
    private const string Full = "/dev/full", Unwritable = "nvg: standard output: cannot be written";

    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("generate --class nosuch -o x.png", "2>/dev/full", CommandRunner.WrongUsage, null)]
    [InlineData("generate --class cat --count 12 -o x.png", "2>/dev/full", CommandRunner.Done, "x.png")]
    [InlineData("generate --class cat -o x.png", ">&- 2>&- <&-", CommandRunner.Done, "x.png")]
    [InlineData("sample --per-class 1 -o x.npz", "2>&-", CommandRunner.Done, "x.npz")]
    public async Task Command_WithoutAPlaceForMessages_DoesItsWork(string command, string streams, int exitCode, string? file)
    {
        if (!File.Exists(Full))
            return;
        Assert.Equal(exitCode, (await RunAsync(command, streams)).ExitCode);
        if (file is not null)
            Assert.True(new FileInfo(_folder[file]).Length > 0);
    }

    [Theory]
    [InlineData("generate --class cat -o -")]
    [InlineData("classes")]
    [InlineData("generate --class cat -o x.png --json")]
    [InlineData("models")]
    public async Task Command_WhoseOutputCannotBeWritten_SaysSoAndFails(string command)
    {
        if (!File.Exists(Full))
            return;
        (int exitCode, string error) = await RunAsync(command, ">/dev/full");
        Assert.Equal(CommandRunner.Failed, exitCode);
        Assert.Contains(Unwritable, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_IntoAPipeWhoseReaderIsGone_FailsAndNamesNoImage()
    {
        (int exitCode, string error) = await RunAsync("generate --class cat -o -", "> >(true)");
        Assert.Equal(CommandRunner.Failed, exitCode);
        Assert.Contains(Unwritable, error, StringComparison.Ordinal);
        Assert.DoesNotContain("→", error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<(int ExitCode, string Error)> RunAsync(string command, string streams)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Nvg.Cli.dll");
        var start = new ProcessStartInfo("bash", ["-c", $"exec dotnet '{program}' {command} {streams}"])
        {
            WorkingDirectory = _folder.Root,
            RedirectStandardError = true,
        };
        (start.Environment["NVG_MODEL"], start.Environment["OMP_WAIT_POLICY"]) = (model.Folder, "PASSIVE");
        using Process process = Process.Start(start)!;
        string error = await process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return (process.ExitCode, error);
    }
}
