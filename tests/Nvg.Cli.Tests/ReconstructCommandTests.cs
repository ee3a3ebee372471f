using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Cli.Tests;

public class ReconstructCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Fact]
    public async Task Reconstruct_Images_WritesPairsAndNumbers()
    {
        WriteImage("a.png", 48, 40);
        WriteImage("folder/a.png", 32, 32);
        CommandResult result = await ReconstructAsync(InFolder("a.png"), InFolder("folder"), "-o", InFolder("out"), "--stages", "--json");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement images = json.RootElement.GetProperty("images");
        Assert.Equal(2, images.GetArrayLength());
        double mean = images.EnumerateArray().Average(p => p.GetProperty("psnr").GetDouble());
        Assert.Equal(mean, json.RootElement.GetProperty("meanPsnr").GetDouble(), 1e-9);
        RgbImage pair = ImageFile.Read(InFolder("out/a.png"));
        Assert.Equal((2 * 130 + 2, 132), (pair.Width, pair.Height));
        Assert.True(File.Exists(InFolder("out/a-2.stages.png")));
    }

    [Fact]
    public async Task Reconstruct_PackedDataset_ObeysLimit()
    {
        WriteImage("source/x/1.png", 40, 40);
        WriteImage("source/x/2.png", 40, 40);
        WriteImage("source/y/3.png", 40, 40);
        await Preparation.RunAsync(ImageSource.Open(InFolder("source")), InFolder("packed"), new PreparationOptions { Size = 32 });
        CommandResult result = await ReconstructAsync(InFolder("packed"), "--limit", "2", "--quiet");
        Assert.Equal("", result.Error);
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        Assert.Contains("mean of 2", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Reconstruct_TextNamedPng_IsNamedAndSkipped()
    {
        await File.WriteAllTextAsync(InFolder("text.png"), "no image");
        CommandResult alone = await ReconstructAsync(InFolder("text.png"), "-o", InFolder("out"));
        Assert.Equal(CommandRunner.UnusableData, alone.ExitCode);
        Assert.Contains("text.png", alone.Error, StringComparison.Ordinal);
        WriteImage("good.png", 32, 32);
        CommandResult beside = await ReconstructAsync(InFolder("text.png"), InFolder("good.png"), "-o", InFolder("out"));
        Assert.Equal(CommandRunner.Done, beside.ExitCode);
        Assert.Single(beside.Error.Split('\n'), line => line.StartsWith("skipped", StringComparison.Ordinal));
        CommandResult missing = await ReconstructAsync(InFolder("gone.png"), InFolder("good.png"));
        Assert.Equal(CommandRunner.UnusableData, missing.ExitCode);
        Assert.Contains("gone.png: no such file", missing.Error, StringComparison.Ordinal);
        Assert.Equal(CommandRunner.WrongUsage, (await ReconstructAsync(InFolder("good.png"), "-o", InFolder("out.png"))).ExitCode);
        Assert.Equal([InFolder("out/good.png")], Directory.GetFiles(InFolder("out")));
    }

    [Fact]
    public async Task Reconstruct_IntoTheFolderOfTheImages_IsRefusedAndLeavesThem()
    {
        WriteImage("images/a.png", 32, 32);
        WriteImage("images/b.jpg", 32, 32);
        Directory.CreateSymbolicLink(InFolder("link"), InFolder("images"));
        byte[] before = await File.ReadAllBytesAsync(InFolder("images/a.png"));
        foreach (string[] arguments in new string[][] { [InFolder("images/a.png"), "-o", InFolder("link")], [
            InFolder("images"), "-o", InFolder("images/")] })
        {
            CommandResult result = await ReconstructAsync(arguments);
            Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
            Assert.Contains("a.png", result.Error, StringComparison.Ordinal);
        }

        Assert.Equal(before, await File.ReadAllBytesAsync(InFolder("images/a.png")));
        Assert.Equal(2, Directory.GetFiles(InFolder("images")).Length);
    }

    [Fact]
    public async Task Reconstruct_NameOfAnothersStages_IsNotTakenTwice()
    {
        WriteImage("a.png", 32, 32);
        WriteImage("a.stages.jpg", 32, 32);
        CommandResult result = await ReconstructAsync(InFolder("a.png"), InFolder("a.stages.jpg"), "-o", InFolder("out"), "--stages");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        Assert.Equal(["a.png", "a.stages-2.png", "a.stages-2.stages.png", "a.stages.png"],
            Directory.GetFiles(InFolder("out")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Reconstruct_StagesWithoutFolder_IsWrongUsage() =>
        Assert.Equal(CommandRunner.WrongUsage, (await ReconstructAsync("x.png", "--stages")).ExitCode);

    private Task<CommandResult> ReconstructAsync(params string[] arguments) =>
        RunAsync(["reconstruct", "--model", model.Folder, "--threads", "1", .. arguments]);

    private void WriteImage(string name, int width, int height)
    {
        var image = new RgbImage(width, height);
        new Random(width + name.Length).NextBytes(image.Pixels);
        ImageFile.Write(InFolder(name), image);
    }
}
