using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Evaluation.SampleSets;
using Nvg.Imaging.Npz;

namespace Nvg.Cli.Tests;

public class SampleCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Fact]
    public async Task Sample_Parts_MergedAreTheBytesOfOneRun()
    {
        Assert.Equal(CommandRunner.Done, (await SampleAsync("--batch", "4", "-o", InFolder("whole.npz"))).ExitCode);
        for (int i = 0; i < 3; i++)
            Assert.Equal(CommandRunner.Done, (await SampleAsync("--batch", "4", "--shard", $"{i}/3", "-o", InFolder($"{i}.npz"))).ExitCode);
        CommandResult merged = await RunAsync(
            "sample", "merge", InFolder("2.npz"), InFolder("0.npz"), InFolder("1.npz"), "-o", InFolder("merged.npz"), "--json",
            "--quiet");
        Assert.Equal("", merged.Error);
        using JsonDocument json = JsonDocument.Parse(merged.Output);
        Assert.Equal(20, json.RootElement.GetProperty("settings").GetProperty("count").GetInt32());
        Assert.Equal(await File.ReadAllBytesAsync(InFolder("whole.npz")), await File.ReadAllBytesAsync(InFolder("merged.npz")));
    }

    [Fact]
    public async Task Sample_Image_IsThatOfGenerateWithItsSeed()
    {
        Assert.Equal(
            CommandRunner.Done, (await SampleAsync("--classes", "dog,cat", "--seed", "9", "-o", InFolder("samples.npz"))).ExitCode);
        Assert.Equal(CommandRunner.Done, (
            await RunAsync("generate", "--model", model.Folder, "--threads", "1", "--class", "cat", "--seed", "3000010", "-o",
            InFolder("one.npz"))).ExitCode);
        using NpzFile samples = NpzFile.Open(InFolder("samples.npz")), one = NpzFile.Open(InFolder("one.npz"));
        Assert.Equal([5, 3, 5, 3], samples.Read("arr_1").ToDoubles());
        Assert.Equal(one.Images().Single().Pixels, samples.Images().ElementAt(3).Pixels);
    }

    [Fact]
    public async Task Sample_WhatIsThere_IsNeverOverwritten()
    {
        Assert.Equal(CommandRunner.Done, (await SampleAsync("-o", InFolder("a.npz"))).ExitCode);
        byte[] before = await File.ReadAllBytesAsync(InFolder("a.npz"));
        CommandResult again = await SampleAsync("-o", InFolder("a.npz"));
        Assert.Equal((CommandRunner.WrongUsage, 1), (again.ExitCode, again.Error.Count(c => c == '\n')));
        CommandResult resumed = await SampleAsync("-o", InFolder("a.npz"), "--resume", "--json");
        using JsonDocument json = JsonDocument.Parse(resumed.Output);
        Assert.Equal((CommandRunner.Done, 0), (resumed.ExitCode, json.RootElement.GetProperty("drawn").GetInt32()));
        CommandResult other = await SampleAsync("-o", InFolder("a.npz"), "--resume", "--seed", "1");
        Assert.Equal((CommandRunner.UnusableData, 1), (other.ExitCode, other.Error.Count(c => c == '\n')));
        Assert.Contains("seed 1 instead of 0", other.Error, StringComparison.Ordinal);
        Assert.Equal(before, await File.ReadAllBytesAsync(InFolder("a.npz")));
        Assert.Equal(CommandRunner.WrongUsage, (await SampleAsync("-o", InFolder("a.npz"), "--resume", "--overwrite")).ExitCode);
        Assert.Equal(CommandRunner.Done, (await SampleAsync("-o", InFolder("a.npz"), "--overwrite", "--seed", "1")).ExitCode);
        Assert.NotEqual(before, await File.ReadAllBytesAsync(InFolder("a.npz")));
    }

    [Fact]
    public async Task Sample_PartialWithoutResume_IsLeftAlone()
    {
        SampleSettings settings = await BegunAsync();
        CommandResult result = await SampleAsync("-o", InFolder("a.npz"));
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Contains("--resume", result.Error, StringComparison.Ordinal);
        CommandResult other = await SampleAsync("-o", InFolder("a.npz"), "--resume", "--top-k", "1");
        Assert.Equal(CommandRunner.UnusableData, other.ExitCode);
        Assert.Contains("sampling", other.Error, StringComparison.Ordinal);
        Assert.True(SampleFile.IsBegun(InFolder("a.npz")));
        Assert.Equal(CommandRunner.Done, (await SampleAsync("-o", InFolder("a.npz"), "--resume")).ExitCode);
        Assert.True(SampleArchive.IsComplete(InFolder("a.npz"), settings));
    }

    [Theory]
    [InlineData("--per-class", "0")]
    [InlineData("--per-class", "1000001")]
    [InlineData("--shard", "3/3")]
    [InlineData("--shard", "1")]
    [InlineData("--shard", "0/21")]
    [InlineData("--batch", "0")]
    [InlineData("--classes", "cta")]
    [InlineData("-o", "samples.png")]
    public async Task Sample_BadOption_IsWrongUsageInOneLine(string option, string value)
    {
        string[] output = option == "-o" ? [] : ["-o", InFolder("x.npz")];
        CommandResult result = await RunAsync(
            ["sample", "--model", model.Folder, "--threads", "1", .. option == "--per-class" ? [] : new[] { "--per-class", "2" }, option,
            value, .. output]);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.Empty(Directory.GetFileSystemEntries(InFolder(".")));
    }

    [Fact]
    public async Task Merge_BadUse_IsOneLine()
    {
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync("sample", "merge", InFolder("a.npz"), "-o", InFolder("a.npz"))).ExitCode);
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync("sample", "merge", InFolder("a.npz"), "-o", InFolder("a.png"))).ExitCode);
        CommandResult missing = await RunAsync("sample", "merge", InFolder("none.npz"), "-o", InFolder("a.npz"));
        Assert.Equal((CommandRunner.UnusableData, 1), (missing.ExitCode, missing.Error.Count(c => c == '\n')));
    }

    private async Task<SampleSettings> BegunAsync()
    {
        Assert.Equal(CommandRunner.Done, (await SampleAsync("-o", InFolder("b.npz"))).ExitCode);
        using SampleArchive done = SampleArchive.Open(InFolder("b.npz"));
        using (SampleFile.Open(InFolder("a.npz"), done.Settings))
            return done.Settings;
    }

    private Task<CommandResult> SampleAsync(params string[] arguments) =>
        RunAsync(["sample", "--model", model.Folder, "--threads", "1", "--per-class", "2", .. arguments]);
}
