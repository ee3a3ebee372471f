using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Imaging;
using Nvg.Labels;

namespace Nvg.Cli.Tests;

/// <summary>What can be learned about models, and the forms in which one image is written.</summary>
public class ModelCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    private const int Side = 32;

    [Fact]
    public async Task Models_WhatShips_IsListed()
    {
        CommandResult result = await RunAsync("models");
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        Assert.Contains("nvg-eurosat", result.Output, StringComparison.Ordinal);
        Assert.Contains("classifier", result.Output, StringComparison.Ordinal);
        Assert.Contains("nvg-d16", result.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse((await RunAsync("models", "--json")).Output);
        Assert.Contains(json.RootElement.GetProperty("models").EnumerateArray(), m => m.GetProperty("name").GetString() == "nvg-eurosat");
    }

    [Fact]
    public async Task Classes_OfAModel_AreThoseThatGenerateTakes()
    {
        CommandResult result = await RunAsync("classes", model.Folder);
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        string[] lines = result.Output.TrimEnd().Split('\n');
        Assert.Equal(TinyModel.Labels, lines.Select(line => line.Trim().Split("  ")[^1]));
        Assert.Equal(CommandRunner.UnusableData, (await RunAsync("classes", InFolder("nowhere"))).ExitCode);
    }

    [Fact]
    public async Task Show_ModelFolder_DescribesIt()
    {
        CommandResult result = await RunAsync("show", model.Folder);
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        Assert.StartsWith("tiny: generator for images of 32 × 32", result.Output, StringComparison.Ordinal);
        Assert.Contains("7, on a grid of 8 × 8 positions", result.Output, StringComparison.Ordinal);
        Assert.Contains("10: airplane, automobile", result.Output, StringComparison.Ordinal);
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync("show", model.Folder, "--maps", InFolder("m.npy"))).ExitCode);
    }

    [Fact]
    public async Task Show_WhatIsNoResult_SaysWhatItIs()
    {
        ImageFile.Write(InFolder("a.png"), new RgbImage(8, 8));
        Directory.CreateDirectory(InFolder("empty"));
        (string, string)[] refused = [(InFolder("a.png"), "has the name of an image"), (InFolder("empty"), "is not a model folder")];
        foreach ((string path, string reason) in refused)
        {
            CommandResult result = await RunAsync("show", path);
            Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
            Assert.Contains(reason, result.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(Side, Side)]
    [InlineData(3 * Side, 3 * Side, "--scale", "3")]
    [InlineData(4 * Side + 4, 4 * Side + 4, "--sheet")]
    [InlineData(2 * Side + 4, 2 * Side + 4, "--sheet", "--scale", "2")]
    public async Task Generate_OneFile_HasTheRequestedSize(int width, int height, params string[] options)
    {
        CommandResult result = await GenerateAsync([.. options, "--quiet", "-o", InFolder("x.png")]);
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        RgbImage image = ImageFile.Read(InFolder("x.png"));
        Assert.Equal((width, height), (image.Width, image.Height));
    }

    [Fact]
    public async Task Generate_OneImage_IsTheSameInAFileAndAFolder()
    {
        CommandResult result = await GenerateAsync("--class", "random", "--seed", "3", "-o", InFolder("x.png"));
        Assert.Matches("^[a-z]+, seed 3 → ", result.Output);
        result = await GenerateAsync("--class", "random", "--seed", "3", "-o", InFolder("out"));
        Assert.Matches("^[a-z]+, seed 3 → .*/out/[a-z]+/3.png ", result.Output);
        string other = Assert.Single(Directory.GetFiles(InFolder("out"), "3.png", SearchOption.AllDirectories));
        Assert.Equal(File.ReadAllBytes(other), File.ReadAllBytes(InFolder("x.png")));
    }

    [Theory]
    [InlineData("--scale", "0")]
    [InlineData("--scale", "2", "--stages")]
    [InlineData("--json", "-o", "-")]
    public async Task Generate_FormsThatContradictEachOther_AreWrongUsage(params string[] options)
    {
        string[] output = options.Contains("-o") ? [] : ["-o", InFolder("x.png")];
        Assert.Equal(CommandRunner.WrongUsage, (await GenerateAsync([.. options, .. output])).ExitCode);
    }

    [Theory]
    [InlineData("car", "automobile")]
    [InlineData("plane", "airplane")]
    [InlineData("Aeroplane", "airplane")]
    public void Classes_OfTheShippedModel_HaveSynonyms(string synonym, string name)
    {
        var classes = new ClassNames(File.ReadAllLines(Repository.PathOf("models/nvg-cifar10/labels.txt")));
        Assert.Equal(name, classes.Classes[classes.Find(synonym)].Name);
    }

    [Fact]
    public void Table_InAPipe_IsAsWideAsItsCells()
    {
        TextWriter before = Console.Out;
        using var output = new StringWriter();
        string wide = new('x', 150);
        try
        {
            Console.SetOut(output);
            ConsoleTable.Write(["name", wide], [["a", wide]]);
        }
        finally
        {
            Console.SetOut(before);
        }

        Assert.Equal(2, output.ToString().Split('\n').Count(line => line.Contains(wide, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Generate_WithoutEffect_IsSaidOrRefused()
    {
        await GenerateAsync("--class", "cat", "--seed", "5", "--save", InFolder("saved"), "-o", InFolder("x.png"));
        string saved = InFolder("saved/cat/5.nvg");
        CommandResult refused = await GenerateAsync("--reference", saved, "--class", "dog", "-o", InFolder("d.png"));
        Assert.Equal(CommandRunner.WrongUsage, refused.ExitCode);
        Assert.Contains("needs --keep-stages N, or --mask", refused.Error, StringComparison.Ordinal);
        CommandResult idle = await GenerateAsync(
            "--reference", saved, "--keep", "structure", "--keep-stages", "1", "-o", InFolder("d.png"));
        Assert.Equal(CommandRunner.Done, idle.ExitCode);
        Assert.Contains("--keep-stages 1 has no effect", idle.Error, StringComparison.Ordinal);
        ImageFile.Write(InFolder("grey.png"), new RgbImage(8, 8));
        CommandResult moved = await GenerateAsync("--structure", InFolder("grey.png"), "-o", InFolder("d.png"));
        Assert.Contains("positions moved to make the halves equal", moved.Error, StringComparison.Ordinal);
        CommandResult single = await GenerateAsync("--structure", InFolder("grey.png"), "--structure-stages", "1", "-o", InFolder("d.png"));
        Assert.Contains("a single region", single.Error, StringComparison.Ordinal);
    }

    private Task<CommandResult> GenerateAsync(params string[] arguments) =>
        RunAsync(["generate", "--model", model.Folder, "--threads", "1", .. arguments]);
}
