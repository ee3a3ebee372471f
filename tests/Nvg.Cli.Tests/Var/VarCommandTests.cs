using System.Text.Json.Nodes;
using Nvg.Cli.Terminal;
using Nvg.Imaging;

namespace Nvg.Cli.Tests.Var;

/// <summary>The commands with a VAR model.</summary>
public sealed class VarCommandTests : CommandTests
{
    [Fact]
    public async Task Generate_Images_AreWrittenAsOfAnyModel()
    {
        TinyVar.Save(InFolder("var"));
        CommandResult result = await RunAsync(
            "generate", "--model", InFolder("var"), "--class", "dog,cat", "--count", "2", "--seed", "3",
            "-o", InFolder("images"), "--stages", "--json");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        Assert.Equal(8, ImageFile.Read(InFolder("images/dog/3.png")).Width);
        Assert.True(File.Exists(InFolder("images/cat/4.stages.png")));
        Assert.Equal(4, JsonNode.Parse(result.Output)!["images"]!.AsArray().Count);
        Assert.Equal(900, (int)JsonNode.Parse(result.Output)!["settings"]!["topK"]!);
    }

    [Fact]
    public async Task Generate_ToFolder_SaysWhichFilesWereWritten()
    {
        TinyVar.Save(InFolder("var"));
        CommandResult result = await RunAsync(
            "generate", "--model", InFolder("var"), "--class", "dog", "--count", "2", "--seed", "3", "-o", InFolder("images"));
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        Assert.StartsWith($"2 images → {InFolder("images")}: dog/3.png … dog/4.png (", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_Mask_EditsOrPaints()
    {
        TinyVar.Save(InFolder("var"));
        ImageFile.Write(InFolder("photo.png"), Images.Gradient(16, 16));
        RgbImage mask = new(4, 4);
        mask.Row(0).Fill(255);
        ImageFile.Write(InFolder("mask.png"), mask);
        string[] edit = ["generate", "--model", InFolder("var"), "--reference", InFolder("photo.png"), "--mask", InFolder("mask.png")];
        CommandResult painted = await RunAsync([.. edit, "-o", InFolder("painted.png"), "--json"]);
        Assert.True(painted.ExitCode == CommandRunner.Done, painted.Error);
        // Without a class the images are of the null class.
        Assert.Equal(3, (int)JsonNode.Parse(painted.Output)!["images"]![0]!["class"]!);
        CommandResult edited = await RunAsync([.. edit, "--class", "cat", "--outside", "--smooth", "-o", InFolder("edited.png"), "--json"]);
        Assert.Equal(2, (int)JsonNode.Parse(edited.Output)!["images"]![0]!["class"]!);
    }

    [Theory]
    [InlineData("--structure-steps", "4")]
    [InlineData("--temperature", "0.5")]
    [InlineData("--to-seed", "4")]
    [InlineData("--save", "results")]
    public async Task Generate_OptionOfNvg_IsRefusedByName(string option, string value)
    {
        TinyVar.Save(InFolder("var"));
        CommandResult result = await RunAsync(
            "generate", "--model", InFolder("var"), option, value, "--count", "2", "-o", InFolder("a.png"));
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Contains(option, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sample_Interrupted_IsOneFileOfTheModelsSettings()
    {
        TinyVar.Save(InFolder("var"));
        string[] arguments = [
            "sample", "--model", InFolder("var"), "--per-class", "2", "--batch", "2", "-o", InFolder("samples.npz"), "--json"];
        CommandResult first = await RunAsync(arguments);
        Assert.True(first.ExitCode == CommandRunner.Done, first.Error);
        // The file knows its settings, so a complete one is not drawn again.
        CommandResult again = await RunAsync([.. arguments, "--resume"]);
        Assert.Equal(0, (int)JsonNode.Parse(again.Output)!["drawn"]!);
    }

    [Fact]
    public async Task Compare_ModelsOfBothMethodsAndSamples_AreInOneReport()
    {
        using var nvg = new TinyModel();
        TinyVar.Save(InFolder("var"));
        Tiny.Prepare(InFolder("images"), InFolder("small"));
        Tiny.Prepare(InFolder("images32"), InFolder("data"), size: 32, perClass: 3);
        Directory.Move(InFolder("images32/stripes"), InFolder("samples"));
        string report = InFolder("report.html");
        CommandResult result = await RunAsync(
            "compare", InFolder("var"), InFolder("samples"), "--data", InFolder("small"), "--per-class", "2", "--shown", "1",
            "-o", report, "--json");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        JsonNode entry = JsonNode.Parse(result.Output)![0]!;
        Assert.Equal(("tiny-var", 30, 6), ((string)entry["name"]!, (int)entry["cost"]!["tokens"]!, (int)entry["images"]!));
        Assert.Null(JsonNode.Parse(result.Output)![1]!["cost"]);
        CommandResult both = await RunAsync(
            "compare", nvg.Folder, "--data", InFolder("data"), "--per-class", "1", "--shown", "1", "-o", report);
        Assert.True(both.ExitCode == CommandRunner.Done, both.Error);
        Assert.Contains("127", both.Output, StringComparison.Ordinal);
        Assert.Contains("side by side", await File.ReadAllTextAsync(report), StringComparison.Ordinal);
        CommandResult missing = await RunAsync("compare", InFolder("none"), "--data", InFolder("data"), "-o", report);
        Assert.Equal(CommandRunner.UnusableData, missing.ExitCode);
    }

    [Fact]
    public async Task OtherCommands_TakeTheModel()
    {
        TinyVar.Save(InFolder("var"));
        ImageFile.Write(InFolder("photo.png"), Images.Gradient(16, 16));
        ImageFile.Write(InFolder("other.png"), Images.Gradient(8, 8, 200));
        string[][] commands =
        [
            ["reconstruct", InFolder("photo.png"), "--model", InFolder("var"), "-o", InFolder("out"), "--stages"],
            ["show", InFolder("var")],
            ["classes", InFolder("var")],
            ["bench", "--model", InFolder("var"), "--repeat", "1", "--batch", "1"],
            ["evaluate", "tokenizer", "--model", InFolder("var"), "--data", InFolder("data")],
            ["convert", InFolder("var"), "-o", InFolder("var.pth")],
        ];
        Directory.CreateDirectory(InFolder("data"));
        File.Move(InFolder("other.png"), InFolder("data/a.png"));
        File.Copy(InFolder("photo.png"), InFolder("data/b.png"));
        foreach (string[] command in commands)
        {
            CommandResult result = await RunAsync(command);
            Assert.True(result.ExitCode == CommandRunner.Done, $"{command[0]}: {result.Error}");
        }

        CommandResult structure = await RunAsync("evaluate", "structure", "--model", InFolder("var"), "--data", InFolder("data"));
        Assert.Equal(CommandRunner.UnusableData, structure.ExitCode);
        Assert.Contains("method 'var'", structure.Error, StringComparison.Ordinal);
    }
}
