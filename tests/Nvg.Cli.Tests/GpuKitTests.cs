using System.Diagnostics;
using System.Security.Cryptography;

namespace Nvg.Cli.Tests;

/// <summary>The scripts of the GPU kit: parts of a file and their checksums, usage.</summary>
public sealed class GpuKitTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static string Kit => Path.Combine(Repository.Root, "deploy", "gpu");

    [Theory]
    [InlineData(3 << 20, 3)]
    [InlineData((2 << 20) + 1, 3)]
    [InlineData(10, 1)]
    public void Parts_SplitAndJoined_AreTheSameFile(int bytes, int parts)
    {
        byte[] content = RandomNumberGenerator.GetBytes(bytes);
        File.WriteAllBytes(_folder["kit.bin"], content);
        Assert.Equal(0, Run("parts.sh", "split", _folder["kit.bin"], _folder["parts"], "1").ExitCode);
        Assert.Equal(parts, Directory.GetFiles(_folder["parts"], "kit.bin.0*").Length);
        Assert.All(Directory.GetFiles(_folder["parts"]), file => Assert.InRange(new FileInfo(file).Length, 1, 1 << 20));
        Assert.Equal(0, Run("parts.sh", "join", _folder["parts"], "kit.bin", _folder["joined.bin"]).ExitCode);
        Assert.Equal(content, File.ReadAllBytes(_folder["joined.bin"]));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Parts_OneDamagedOrMissing_AreNotJoined(bool missing)
    {
        File.WriteAllBytes(_folder["kit.bin"], RandomNumberGenerator.GetBytes(2 << 20));
        Run("parts.sh", "split", _folder["kit.bin"], _folder["parts"], "1");
        string second = _folder["parts/kit.bin.001"];
        byte[] bytes = File.ReadAllBytes(second);
        bytes[77] ^= 1;
        File.Delete(second);
        if (!missing)
            File.WriteAllBytes(second, bytes);
        (int exitCode, string error) = Run("parts.sh", "join", _folder["parts"], "kit.bin", _folder["joined.bin"]);
        Assert.Equal(1, exitCode);
        Assert.Contains("missing or damaged", error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder["joined.bin"]));
    }

    [Theory]
    [InlineData("run.sh")]
    [InlineData("run.sh", "fly")]
    [InlineData("run.sh", "--device", "tpu", "verify")]
    [InlineData("run.sh", "--limit", "verify", "verify")]
    [InlineData("parts.sh")]
    [InlineData("pack.sh")]
    [InlineData("pack.sh", "--fly", "out")]
    [InlineData("pack.sh", "--images", "faces=archive.tar.gz", "out")]
    [InlineData("pack.sh", "--start", "eurosat")]
    public void Scripts_WrongUsage_AreOneLineAndTwo(string script, params string[] arguments)
    {
        (int exitCode, string error) = Run(script, arguments);
        Assert.Equal(2, exitCode);
        Assert.Single(error.TrimEnd().Split('\n'));
    }

    [Fact]
    public void Scripts_All_HaveNoSyntaxErrors()
    {
        string[] scripts = Directory.GetFiles(Kit, "*.sh");
        Assert.True(scripts.Length >= 4);
        Assert.All(scripts, script => Assert.Equal(0, Start("bash", "-n", script).ExitCode));
    }

    public void Dispose() => _folder.Dispose();

    private (int ExitCode, string Error) Run(string script, params string[] arguments) =>
        Start("bash", [Path.Combine(Kit, script), .. arguments]);

    private (int ExitCode, string Error) Start(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            WorkingDirectory = _folder[""],
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string error = process.StandardError.ReadToEnd();
        _ = output.GetAwaiter().GetResult();
        process.WaitForExit();
        return (process.ExitCode, error);
    }
}
