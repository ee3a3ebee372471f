using System.Diagnostics;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.SampleSets;

namespace Nvg.Cli.Tests;

/// <summary>Real processes that are killed or told to stop in the middle of drawing samples, again and again, and continued.</summary>
[Collection(RunsAlone.Name)]
public sealed class KilledSamplingTests(TinyModel model) : IClassFixture<TinyModel>, IDisposable
{
    private const int Kills = 3, Batch = 1;

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void Sample_KilledAtRandomMoments_EndsWithTheBytesOfOneRun()
    {
        using (Process straight = Start("straight.npz"))
            AssertExit(straight, CommandRunner.Done);
        var random = new Random(5);
        int stopped = 0;
        for (int round = 0; round < Kills; round++)
        {
            using Process process = Start("killed.npz");
            // Something has reached the disk, more is being drawn.
            long wanted = Checked() + 4;
            while (!process.HasExited && Checked() < wanted)
                Thread.Sleep(2);
            Thread.Sleep(random.Next(60));
            process.Kill();
            process.WaitForExit();
            stopped += process.ExitCode == 137 ? 1 : 0;
        }

        Assert.Equal(Kills, stopped);
        Assert.True(SampleFile.IsBegun(_folder["killed.npz"]));
        using (Process last = Start("killed.npz"))
            AssertExit(last, CommandRunner.Done);
        Assert.Equal(File.ReadAllBytes(_folder["straight.npz"]), File.ReadAllBytes(_folder["killed.npz"]));
        Assert.Equal(
            ["killed.npz", "straight.npz"],
            Directory.GetFileSystemEntries(_folder.Root).Select(e => Path.GetFileName(e)).Where(e => e != "tiny")
                .Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Sample_Terminated_StopsCleanlyAndContinues()
    {
        using (Process process = Start("killed.npz"))
        {
            while (!process.HasExited && Checked() < 4)
                Thread.Sleep(2);
            using Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            Assert.Equal("nvg: interrupted", AssertExit(process, CommandRunner.Interrupted).TrimEnd().Split('\n')[^1]);
        }

        using (Process last = Start("killed.npz"))
            AssertExit(last, CommandRunner.Done);
        Assert.True(File.Exists(_folder["killed.npz"]));
    }

    [Fact]
    public void Generate_TerminatedWhileWritingAFolder_CountsTheImagesThere()
    {
        using Process process = Run(
            "generate", "--model", model.Folder, "--count", "10000", "--batch", "2", "--threads", "1", "-o", _folder["out"]);
        while (!process.HasExited && Written() < 3)
            Thread.Sleep(2);
        using Process kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
        string last = AssertExit(process, CommandRunner.Interrupted).TrimEnd().Split('\n')[^1];
        Assert.Equal($"nvg: interrupted: {Written()} finished images of 10000 written to {_folder["out"]}", last);

        int Written() => Directory.Exists(_folder["out"])
            ? Directory.GetFiles(_folder["out"], "*.png", SearchOption.AllDirectories).Length
            : 0;
    }

    public void Dispose() => _folder.Dispose();

    private Process Start(string file) => Run(
        "sample", "--model", model.Folder, "--per-class", "1", "--structure-steps", "6", "--batch", $"{Batch}", "--threads", "1",
        "--resume", "-o", _folder[file]);

    private static Process Run(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Nvg.Cli.dll"), .. arguments])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        // Threads of libtorch that wait actively would take the cores from other tests.
        start.Environment["OMP_WAIT_POLICY"] = "PASSIVE";
        return Process.Start(start)!;
    }

    private static string AssertExit(Process process, int expected)
    {
        string error = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == expected, error);
        return error;
    }

    private long Checked()
    {
        var checksums = new FileInfo(Path.Combine(SampleFile.PartialFolder(_folder["killed.npz"]), "checksums"));
        return checksums.Exists ? checksums.Length : 0;
    }
}
