using System.Text.Json.Nodes;
using Nvg.Cli.Terminal;
using Nvg.Imaging;

namespace Nvg.Cli.Tests;

/// <summary>The commands with a VAR model.</summary>
public sealed class VarCommandTests : CommandTests
{
    [Fact]
    public async Task Generate_Images_AreWrittenAsOfAnyModel()
    {
        TinyVar.Save(InFolder("var"));
        CommandResult result = await RunAsync(
            "generate", "--model", InFolder("var"), "--class", "dog,cat", "--count", "2", "--seed", "3", "-o", InFolder("images"), "--stages", "--json");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        Assert.Equal(8, ImageFile.Read(InFolder("images/dog/3.png")).Width);
        Assert.True(File.Exists(InFolder("images/cat/4.stages.png")));
        Assert.Equal(4, JsonNode.Parse(result.Output)!["images"]!.AsArray().Count);
        Assert.Equal(900, (int)JsonNode.Parse(result.Output)!["settings"]!["topK"]!);
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
        CommandResult result = await RunAsync("generate", "--model", InFolder("var"), option, value, "--count", "2", "-o", InFolder("a.png"));
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Contains(option, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sample_Interrupted_IsOneFileOfTheModelsSettings()
    {
        TinyVar.Save(InFolder("var"));
        string[] arguments = ["sample", "--model", InFolder("var"), "--per-class", "2", "--batch", "2", "-o", InFolder("samples.npz"), "--json"];
        CommandResult first = await RunAsync(arguments);
        Assert.True(first.ExitCode == CommandRunner.Done, first.Error);
        // The file knows its settings, so a complete one is not drawn again.
        CommandResult again = await RunAsync([.. arguments, "--resume"]);
        Assert.Equal(0, (int)JsonNode.Parse(again.Output)!["drawn"]!);
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
