using System.Text.Json;
using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

/// <summary>Distilling a model to few structure steps or to content guided in one pass, and measuring the result.</summary>
public class DistillCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    private static readonly string[] ShortContent =
    [
        "--threads", "1", "--set", "samples=12", "training.steps=2", "training.batchSize=2", "training.precision=float32",
        "training.imageEvery=1",
    ];

    private static readonly string[] Short = [.. ShortContent, "intervals.grid=2", "teacherSpan=2", "rankWeight=0.1"];

    [Fact]
    public async Task Distill_DataFree_WritesAModelThatIsMeasuredAgainstItsTeacher()
    {
        CommandResult result = await RunAsync(["distill", model.Folder, "--data-free", "-o", InFolder("run"), .. Short]);
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        Assert.True(File.Exists(InFolder("run/images/step-00000001.png")));
        string student = InFolder("run/model");
        Assert.Contains($"nvg evaluate structure-steps --model {student}", result.Error, StringComparison.Ordinal);

        using JsonDocument agreement = await JsonAsync(
            "evaluate", "structure-steps", "--model", student, "--reference", model.Folder, "--count", "2", "--steps", "1", "auto");
        JsonElement[] rows = [.. agreement.RootElement.EnumerateArray()];
        Assert.All(rows, r => Assert.Equal(5, r.GetProperty("stepsPerImage").GetDouble()));
        Assert.Equal(rows[0].GetProperty("agreement").GetDouble(), rows[1].GetProperty("agreement").GetDouble());
        Assert.InRange(rows[0].GetProperty("agreement").GetDouble(), 0.4, 1);

        CommandResult image = await RunAsync(
            "generate", "--model", student, "--class", "cat", "--structure-steps", "4", "-o", InFolder("cat.png"), "--threads", "1");
        Assert.Equal(CommandRunner.Done, image.ExitCode);
        // The student learned guidance up to 2.5.
        CommandResult strong = await RunAsync(
            "generate", "--model", student, "--class", "cat", "--structure-guidance", "4", "-o", InFolder("no.png"), "--threads", "1");
        Assert.Equal(CommandRunner.WrongUsage, strong.ExitCode);
        Assert.Contains("must be in 1…2.5", strong.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Distill_Content_WritesAModelThatIsGuidedInOnePass()
    {
        CommandResult result = await RunAsync(
            ["distill", model.Folder, "--part", "content", "--data-free", "-o", InFolder("run"), .. ShortContent, "guidanceLimit=5"]);
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        string student = InFolder("run/model");
        Assert.Contains($"nvg evaluate precision --model {student} --reference {model.Folder}", result.Error, StringComparison.Ordinal);
        using JsonDocument agreement = await JsonAsync(
            "evaluate", "precision", "--model", student, "--reference", model.Folder, "--count", "2");
        Assert.All(agreement.RootElement.GetProperty("stageSplits").EnumerateArray(), share => Assert.Equal(1, share.GetDouble()));
        Assert.InRange(agreement.RootElement.GetProperty("stageBestTokens")[1].GetDouble(), 0, 1);
        CommandResult shown = await RunAsync("show", student);
        Assert.Contains("guidance is an input, of the content from 1 to 5", shown.Output, StringComparison.Ordinal);
        CommandResult image = await RunAsync(
            "generate", "--model", student, "--class", "cat", "--guidance", "5", "-o", InFolder("cat.png"), "--threads", "1");
        Assert.Equal(CommandRunner.Done, image.ExitCode);
        CommandResult strong = await RunAsync(
            "generate", "--model", student, "--class", "cat", "--guidance", "6", "-o", InFolder("no.png"), "--threads", "1");
        Assert.Equal(CommandRunner.WrongUsage, strong.ExitCode);
        Assert.Contains("content guidance of this model must be in 1…5", strong.Error, StringComparison.Ordinal);
        // The structure of such a model can still be distilled, its content cannot.
        CommandResult again = await RunAsync(
            ["distill", student, "--part", "content", "--data-free", "-o", InFolder("again"), .. ShortContent]);
        Assert.Equal(CommandRunner.UnusableData, again.ExitCode);
        Assert.Contains("its content generator has already been distilled", again.Error, StringComparison.Ordinal);
        Assert.Equal(
            CommandRunner.Done, (await RunAsync(["distill", student, "--data-free", "-o", InFolder("both"), .. Short])).ExitCode);
    }

    [Fact]
    public async Task Distill_FolderWithARun_IsContinuedOnlyWithResume()
    {
        string[] run = ["distill", model.Folder, "--data-free", "-o", InFolder("run"), .. Short];
        Assert.Equal(CommandRunner.Done, (await RunAsync(run)).ExitCode);
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync(run)).ExitCode);
        Assert.Equal(CommandRunner.Done, (await RunAsync([.. run, "--resume"])).ExitCode);
    }

    [Theory]
    [InlineData]
    [InlineData("--data-free", "--data", "data")]
    [InlineData("--data-free", "--set", "rankWeigth=1")]
    [InlineData("--data-free", "--part", "tokenizer")]
    public async Task Distill_WrongUsage_IsOneLine(params string[] options)
    {
        CommandResult result = await RunAsync(["distill", model.Folder, "-o", InFolder("run"), .. options]);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Distill_UnusableSettings_AreUnusableData()
    {
        CommandResult result = await RunAsync(
            "distill", model.Folder, "--data-free", "-o", InFolder("run"), "--set", "guidanceLimit=0.5", "intervals.grid=5");
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("guidanceLimit", result.Error, StringComparison.Ordinal);
        Assert.Contains("intervals.grid", result.Error, StringComparison.Ordinal);
        CommandResult content = await RunAsync(
            "distill", model.Folder, "--part", "content", "--data-free", "-o", InFolder("run"), "--set", "rankWeight=0.1");
        Assert.Equal(CommandRunner.UnusableData, content.ExitCode);
        Assert.Contains("rankWeight are settings for structure", content.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StructureMaps_TinyModel_HasARowForRealImagesAndForEveryNumberOfSteps()
    {
        Tiny.Prepare(InFolder("images"), InFolder("data"), size: 32, perClass: 3);
        using JsonDocument json = await JsonAsync(
            "evaluate", "structure-maps", "--model", model.Folder, "--data", InFolder("data"), "--count", "4", "--steps", "1", "2,2,2,2,1");
        JsonElement[] rows = [.. json.RootElement.EnumerateArray()];
        Assert.Equal(["real images", "1 step", "2,2,2,2,1 steps"], rows.Select(r => r.GetProperty("maps").GetString()));
        Assert.All(rows, r => Assert.Equal(4, r.GetProperty("count").GetInt32()));
        Assert.All(rows, r => Assert.Equal(1, r.GetProperty("stages")[5].GetProperty("boundary").GetDouble()));
    }

    [Fact]
    public async Task Bench_StructureSteps_AreTakenAndChecked()
    {
        using JsonDocument json = await JsonAsync(
            "bench", "--model", model.Folder, "--repeat", "1", "--batch", "1", "--structure-steps", "1");
        Assert.Contains(json.RootElement.GetProperty("timings").EnumerateArray(), t => t.GetProperty("name").GetString() == "generate");
        Assert.Equal(
            CommandRunner.WrongUsage,
            (await RunAsync("bench", "--model", model.Folder, "--structure-steps", "1,2", "--threads", "1")).ExitCode);
    }

    private static async Task<JsonDocument> JsonAsync(params string[] arguments)
    {
        CommandResult result = await RunAsync([.. arguments, "--threads", "1", "--json"]);
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        return JsonDocument.Parse(result.Output);
    }
}
