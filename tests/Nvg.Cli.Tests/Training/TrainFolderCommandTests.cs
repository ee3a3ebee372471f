using System.Text.Json.Nodes;
using Nvg.Cli.Planning;
using Nvg.Cli.Terminal;
using Nvg.Configuration;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Classifiers;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Cli.Tests.Planning;

public class TrainFolderCommandTests : CommandTests
{
    private const int PerClass = 12;

    [Theory]
    [InlineData("no output folder: use -o RUN, or --dry-run to see only the plan", "IMAGES")]
    [InlineData(
        "--size: a model cannot be trained on images of 48 × 48: choose 16, 32, 64, 128, 256 or 512",
        "IMAGES", "-o", "RUN", "--size", "48")]
    [InlineData("--hours must be more than 0 and at most 8,760 (a year)", "IMAGES", "-o", "RUN", "--hours", "0")]
    [InlineData("--orientations must be 1 (upright), 2 (mirrored) or 8", "IMAGES", "-o", "RUN", "--orientations", "4")]
    [InlineData("there is no folder or file 'tokeniser', and no such command; did you mean tokenizer?", "tokeniser", "-o", "RUN")]
    [InlineData("no output folder: use nvg train --init -o FOLDER", "--init")]
    public async Task Train_WrongUse_IsOneLineAndLeavesNothing(string expected, params string[] arguments)
    {
        Images();
        CommandResult result = await TrainAsync(arguments);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.StartsWith($"nvg: {expected}", Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.False(Directory.Exists(InFolder("run")));
    }

    [Fact]
    public async Task Train_DryRun_PrintsAPlanWithReasonsAndWritesNothing()
    {
        Images();
        File.WriteAllText(InFolder("images/notes.txt"), "no image");
        CommandResult result = await TrainAsync(
            "IMAGES", "-o", "RUN", "--dry-run", "--size", "16", "--hours", "2", "--threads", "1", "--quality", "draft");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        Assert.Contains("24 images of 2 classes", result.Output, StringComparison.Ordinal);
        Assert.Contains("1 file is left out: notes.txt: is not a readable image", result.Output, StringComparison.Ordinal);
        Assert.Contains("16 × 16 pixels: as asked", result.Output, StringComparison.Ordinal);
        Assert.Contains("overfitting is likely", result.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.False(Directory.Exists(InFolder("run")));
    }

    [Fact]
    public async Task Train_PlanOfAFolder_WritesConfigsThatTrainingReads()
    {
        Images();
        CommandResult result = await TrainAsync("IMAGES", "--plan", InFolder("settings"), "--size", "16", "--hours", "2", "--threads", "1");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        Assert.Contains("then: nvg train generator --config", result.Error, StringComparison.Ordinal);
        RequireValid(InFolder("settings"));
    }

    [Fact]
    public async Task Train_Init_WritesCommentedConfigsWithSchemasThatTrainingReads()
    {
        CommandResult result = await TrainAsync("--init", "-o", InFolder("settings"));
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        RequireValid(InFolder("settings"));
        string text = File.ReadAllText(InFolder("settings/tokenizer.json"));
        Assert.Contains("// Number of optimizer steps.", text, StringComparison.Ordinal);
        Assert.Contains("\"$schema\": \"./tokenizer.schema.json\"", text, StringComparison.Ordinal);
        CommandResult again = await TrainAsync("--init", "-o", InFolder("settings"));
        Assert.Equal(CommandRunner.WrongUsage, again.ExitCode);
    }

    [Fact]
    public async Task Train_PlanThatWasBegun_IsExecutedAndEndsWithACardAndTheNextCommand()
    {
        Images();
        Directory.CreateDirectory(InFolder("run"));
        PlanFiles.WriteTo(InFolder("run"), TinyPlan.Create("run", "images", PerClass));
        // Known to be damaged only when it is decoded.
        string[] images = Directory.GetFiles(InFolder("images"), "*", SearchOption.AllDirectories);
        File.WriteAllText(images.Order(StringComparer.Ordinal).First(), "");
        string hours = NvgJson.Write(TinyPlan.Hours);
        CommandResult result = await TrainAsync("IMAGES", "-o", "RUN", "--hours", hours, "--threads", "1");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        string model = InFolder("run/model"), card = File.ReadAllText(Path.Combine(model, "README.md"));
        Assert.Contains("PSNR", card, StringComparison.Ordinal);
        Assert.Contains($"{2 * PerClass - 1} images, of which 2 were held out", card, StringComparison.Ordinal);
        Assert.Contains("reconstruction of 2 images, held out", card, StringComparison.Ordinal);
        Assert.Contains("class recognised by the run's classifier, 48 samples", card, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(model, "samples.png")) && File.Exists(Path.Combine(model, "reconstructions.png")));
        Assert.Contains($"next: nvg generate --model {model}", result.Error, StringComparison.Ordinal);

        CommandResult again = await TrainAsync("IMAGES", "-o", "RUN", "--hours", hours, "--threads", "1");
        Assert.Equal(CommandRunner.Done, again.ExitCode);
        Assert.Contains("is finished", again.Error, StringComparison.Ordinal);
        CommandResult other = await TrainAsync("IMAGES", "-o", "RUN", "--hours", "3");
        Assert.Equal(CommandRunner.WrongUsage, other.ExitCode);
        Assert.Contains(
            $"was started with --hours {hours} instead of 3: continue",
            other.Error.Replace("1E-05", "1e-05", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase);
    }

    private static void RequireValid(string folder)
    {
        TokenizerRunConfig tokenizer = RunConfiguration.Read<TokenizerRunConfig>(Path.Combine(folder, "tokenizer.json"), []);
        GeneratorRunConfig generator = RunConfiguration.Read<GeneratorRunConfig>(Path.Combine(folder, "generator.json"), []);
        Assert.Empty((string[])[.. tokenizer.Validate(), .. generator.Validate()]);
        foreach (string run in new[] { "tokenizer", "generator" })
            Assert.NotNull(JsonNode.Parse(File.ReadAllText(Path.Combine(folder, $"{run}.schema.json"))));
        if (File.Exists(Path.Combine(folder, "classifier.json")))
            Assert.Empty(RunConfiguration.Read<ClassifierRunConfig>(Path.Combine(folder, "classifier.json"), []).Validate());
    }

    private void Images() => Tiny.Prepare(InFolder("images"), InFolder("data"), TinyPlan.Size, PerClass);

    private Task<CommandResult> TrainAsync(params string[] arguments) => RunAsync(
        ["train", .. arguments.Select(word => word switch { "IMAGES" => InFolder("images"), "RUN" => InFolder("run"), _ => word })]);
}
