using System.Text.Json;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

public class PrepareCommandTests : CommandTests
{
    [Theory]
    [InlineData("--size", "0")]
    [InlineData("--threads", "-1")]
    [InlineData("--stored-size", "8")]
    public async Task Prepare_ImpossibleOption_IsWrongUsage(string option, string value)
    {
        CommandResult result = await RunAsync("prepare", InFolder("images"), "-o", InFolder("data"), option, value);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Prepare_Json_DescribesTheDataOnOneStream()
    {
        Tiny.Prepare(InFolder("images"), InFolder("first"));
        CommandResult plain = await RunAsync("prepare", InFolder("images"), "-o", InFolder("data"), "--size", "8");
        Assert.Equal(CommandRunner.Done, plain.ExitCode);
        Assert.Single(plain.Output.TrimEnd().Split('\n'));
        CommandResult result = await RunAsync("prepare", InFolder("images"), "-o", InFolder("again"), "--size", "8", "--json");
        using JsonDocument json = JsonDocument.Parse(result.Output);
        Assert.Equal(8, json.RootElement.GetProperty("size").GetInt32());
        Assert.Equal(2, json.RootElement.GetProperty("classes").GetArrayLength());
    }

    [Fact]
    public async Task Prepare_ExistingOutput_IsReplacedOnRequestOnly()
    {
        Tiny.Prepare(InFolder("images"), InFolder("first"));
        string[] prepare = ["prepare", InFolder("images"), "--size", "8", "-o"];
        Assert.Equal(CommandRunner.Done, (await RunAsync([.. prepare, InFolder("data")])).ExitCode);
        CommandResult refused = await RunAsync([.. prepare, InFolder("data")]);
        Assert.Equal(CommandRunner.WrongUsage, refused.ExitCode);
        Assert.Contains("use --overwrite", refused.Error, StringComparison.Ordinal);
        File.Delete(Path.Combine(InFolder("images"), "waves", "0.png"));
        CommandResult replaced = await RunAsync([.. prepare, InFolder("data"), "--overwrite"]);
        Assert.Equal(CommandRunner.Done, replaced.ExitCode);
        Assert.StartsWith("11 images", replaced.Output, StringComparison.Ordinal);
        // The images themselves are no data set that could be replaced.
        CommandResult other = await RunAsync([.. prepare, InFolder("images"), "--overwrite"]);
        Assert.Equal(CommandRunner.Failed, other.ExitCode);
        Assert.True(File.Exists(Path.Combine(InFolder("images"), "waves", "1.png")));
    }

    [Fact]
    public async Task Prepare_KeepFiles_SaysHowEvenTheClassesAreAndTrainsATokenizer()
    {
        Tiny.Prepare(InFolder("images"), InFolder("first"));
        File.Delete(Path.Combine(InFolder("images"), "waves", "0.png"));
        CommandResult made = await RunAsync("prepare", InFolder("images"), "-o", InFolder("data"), "--size", "8", "--keep-files");
        Assert.Contains("2 classes of 5 (waves) to 6 (stripes) images", made.Output, StringComparison.Ordinal);
        File.WriteAllText(InFolder("config.json"), """
            { "name": "t", "tokenizer": { "imageSize": 8, "baseChannels": 8, "channelMultipliers": [1, 2], "resNetBlocks": 1,
                "latentChannels": 4, "codebookSize": 16, "normGroups": 4 },
              "training": { "steps": 2, "batchSize": 4, "learningRate": 1e-3, "precision": "float32" } }
            """);
        CommandResult trained = await RunAsync(
            "train", "tokenizer", "--config", InFolder("config.json"), "--data", InFolder("data"), "-o", InFolder("run"), "--threads", "1");
        Assert.True(trained.ExitCode == CommandRunner.Done, trained.Error);
        string[] end = [$"model written to {InFolder("run/model")}",
            $"next: nvg evaluate tokenizer --model {InFolder("run/model")} --data {InFolder("data")}"];
        Assert.Equal(end, trained.Error.TrimEnd().Split('\n')[^2..]);
        Assert.Contains(
            "warning: the learning rate rises over training.warmupSteps = 1,000 of 2 steps", trained.Error, StringComparison.Ordinal);
        CommandResult complete = await RunAsync(
            "train", "tokenizer", "--config", InFolder("config.json"), "--data", InFolder("data"), "-o", InFolder("run"), "--threads", "1",
            "--resume");
        Assert.Equal(end, complete.Error.TrimEnd().Split('\n')[^2..]);
        // Measured as it is trained, without pixels.
        CommandResult measured = await RunAsync(
            "evaluate", "tokenizer", "--model", InFolder("run/model"), "--data", InFolder("data"), "--threads", "1", "--json");
        Assert.True(measured.ExitCode == CommandRunner.Done, measured.Error);
        using JsonDocument report = JsonDocument.Parse(measured.Output);
        CommandResult files = await RunAsync(
            "evaluate", "tokenizer", "--model", InFolder("run/model"), "--data", InFolder("images"), "--threads", "1", "--json");
        using JsonDocument reportOfFiles = JsonDocument.Parse(files.Output);
        Assert.Equal(11, report.RootElement.GetProperty("count").GetInt32());
        Assert.Equal(
            reportOfFiles.RootElement.GetProperty("quality").GetRawText(), report.RootElement.GetProperty("quality").GetRawText());
        CommandResult refused = await RunAsync(
            "prepare", InFolder("images"), "-o", InFolder("other"), "--size", "8", "--keep-files", "--stored-size", "9");
        Assert.Equal(CommandRunner.WrongUsage, refused.ExitCode);
    }
}
