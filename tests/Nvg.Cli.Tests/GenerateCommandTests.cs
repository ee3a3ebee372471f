using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Documents;
using Nvg.Generators.Blocks;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Torch;
using Nvg.Torch.Files.Npy;

namespace Nvg.Cli.Tests;

public class GenerateCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    private const int Side = 32, Stages = 7;

    [Fact]
    public async Task Generate_Grid_IsEnlargedAndNamed()
    {
        CommandResult result = await GenerateAsync("--class", "cat,5", "--count", "2", "-o", InFolder("grid.png"), "--quiet");
        Assert.Equal("", result.Error);
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        RgbImage grid = ImageFile.Read(InFolder("grid.png"));
        Assert.Equal((2 * (128 + 2) + 2, 2 * (128 + 2) + 2), (grid.Width, grid.Height));
        Assert.Contains("4 images", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_Folder_WritesTrueSizeByClassAndSeed()
    {
        CommandResult result = await GenerateAsync("--class", "cat,dog", "--count", "2", "--seed", "7", "-o", InFolder("out"));
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        string[] files = [.. Directory.GetFiles(InFolder("out"), "*", SearchOption.AllDirectories).Select(
            f => Path.GetRelativePath(InFolder("out"), f)).Order(StringComparer.Ordinal)];
        Assert.Equal(["cat/7.png", "cat/8.png", "dog/7.png", "dog/8.png"], files);
        RgbImage image = ImageFile.Read(InFolder("out/dog/8.png"));
        Assert.Equal((Side, Side), (image.Width, image.Height));
    }

    [Fact]
    public async Task Generate_Samples_AreReadable()
    {
        Assert.Equal(CommandRunner.Done, (await GenerateAsync("--count", "3", "--batch", "2", "-o", InFolder("samples.npz"))).ExitCode);
        using NpzFile file = NpzFile.Open(InFolder("samples.npz"));
        Assert.Equal([3, Side, Side, 3], file.Read("arr_0").Shape);
    }

    [Fact]
    public async Task Generate_Int8_IsRecordedInTheResultAndReproducedFromIt()
    {
        string[] request = ["--class", "cat", "--seed", "3", "--dtype", "int8", "--save", InFolder("saved"), "-o", InFolder("first")];
        CommandResult first = await GenerateAsync(request);
        if (!BlockOperations.HasInt8Engine)
        {
            Assert.Equal(CommandRunner.UnusableData, first.ExitCode);
            Assert.Contains("int8 needs", first.Error, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(CommandRunner.Done, first.ExitCode);
        string saved = InFolder("saved/cat/3.nvg");
        Assert.Equal(ScalarType.Int8, ImageDocument.Read(saved).Description.Dtype);
        Assert.Equal(
            CommandRunner.Done, (await GenerateAsync("--reference", saved, "--dtype", "int8", "-o", InFolder("again"))).ExitCode);
        Assert.Equal(File.ReadAllBytes(InFolder("first/cat/3.png")), File.ReadAllBytes(InFolder("again/cat/3.png")));
        await GenerateAsync("--class", "cat", "--seed", "3", "-o", InFolder("float32"));
        Assert.NotEqual(File.ReadAllBytes(InFolder("first/cat/3.png")), File.ReadAllBytes(InFolder("float32/cat/3.png")));
    }

    [Theory]
    [InlineData("5", "16")]
    [InlineData("5", "4")]
    [InlineData("4", "1")]
    public async Task Generate_SameSeed_SameBytesForAnyCountAndBatch(string count, string batch)
    {
        await GenerateAsync("--class", "random", "--count", "1", "--seed", "12", "-o", InFolder("one"));
        await GenerateAsync("--class", "random", "--count", count, "--batch", batch, "--seed", "10", "-o", InFolder("many"));
        string one = Assert.Single(Directory.GetFiles(InFolder("one"), "12.png", SearchOption.AllDirectories));
        string other = Assert.Single(Directory.GetFiles(InFolder("many"), "12.png", SearchOption.AllDirectories));
        Assert.Equal(Path.GetRelativePath(InFolder("one"), one), Path.GetRelativePath(InFolder("many"), other));
        Assert.Equal(File.ReadAllBytes(one), File.ReadAllBytes(other));
        Assert.NotEqual(
            File.ReadAllBytes(one), File.ReadAllBytes(Directory.GetFiles(InFolder("many"), "11.png", SearchOption.AllDirectories)[0]));
    }

    [Fact]
    public async Task Generate_Stages_DrawsImageAndMapOfEachStage()
    {
        Assert.Equal(CommandRunner.Done, (await GenerateAsync("--count", "2", "--stages", "-o", InFolder("stages.png"))).ExitCode);
        RgbImage sheet = ImageFile.Read(InFolder("stages.png"));
        Assert.Equal((2 * Stages * (128 + 2) + 2, 2 * (128 + 2) + 2), (sheet.Width, sheet.Height));
    }

    [Fact]
    public async Task Generate_Gif_HasFramePerStage()
    {
        Assert.Equal(CommandRunner.Done, (await GenerateAsync("--gif", InFolder("growth.gif"), "-o", InFolder("one.png"))).ExitCode);
        byte[] gif = File.ReadAllBytes(InFolder("growth.gif"));
        // Graphic control extensions: one before every frame.
        int frames = Enumerable.Range(0, gif.Length - 3).Count(i => gif[i] == 0x21 && gif[i + 1] == 0xF9 && gif[i + 2] == 4);
        Assert.Equal(Stages, frames);
    }

    [Fact]
    public async Task Generate_Json_NamesFilesSeedsAndClasses()
    {
        CommandResult result = await GenerateAsync(
            "--class", "bird", "--count", "2", "--seed", "3", "--guidance", "1-2", "--json", "-o", InFolder("out"));
        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement second = json.RootElement.GetProperty("images")[1];
        Assert.Equal((4, 2, "bird"), (
            second.GetProperty("seed").GetInt32(), second.GetProperty("class").GetInt32(), second.GetProperty("label").GetString()));
        Assert.True(File.Exists(second.GetProperty("file").GetString()));
        Assert.Equal(2, json.RootElement.GetProperty("settings").GetProperty("contentGuidance").GetProperty("linear")[1].GetDouble());
    }

    [Fact]
    public async Task Generate_StructureImage_IsFollowed()
    {
        var map = new RgbImage(100, 60);
        for (int y = 0; y < map.Height; y++)
            map.Row(y)[(map.Width / 2 * 3)..].Fill(255);
        ImageFile.Write(InFolder("map.png"), map);
        await GenerateAsync("--structure", InFolder("map.png"), "--stages", "-o", InFolder("out"));
        string drawn = Assert.Single(Directory.GetFiles(InFolder("out"), "*.stages.png", SearchOption.AllDirectories));
        RgbImage sheet = ImageFile.Read(drawn);
        // The map of stage 1 is the fourth cell: one colour in each half.
        RgbImage cell = sheet.Crop(2 + 3 * 130, 2, 128, 128);
        (byte[] left, byte[] right) = (cell.Row(0)[..3].ToArray(), cell.Row(0)[^3..].ToArray());
        for (int y = 0; y < 128; y++)
        {
            for (int x = 0; x < 128; x++)
                Assert.Equal(x < 64 ? left : right, cell.Row(y).Slice(3 * x, 3).ToArray());
        }
    }

    [Fact]
    public async Task Generate_Reference_KeepsAllStages_EqualsReconstruction()
    {
        await GenerateAsync("--class", "cat", "-o", InFolder("out"));
        string reference = InFolder("out/cat/0.png");
        Assert.Equal(CommandRunner.Done, (
            await GenerateAsync("--class", "dog", "--count", "2", "--reference", reference, "--keep", "both", "--keep-stages", "7", "-o",
            InFolder("kept"))).ExitCode);
        Assert.Equal(File.ReadAllBytes(InFolder("kept/dog/0.png")), File.ReadAllBytes(InFolder("kept/dog/1.png")));
        Assert.Equal(CommandRunner.Done, (
            await GenerateAsync("--reference", reference, "--keep", "structure", "--keep-stages", "3", "-o", InFolder("free"))).ExitCode);
    }

    [Fact]
    public async Task Generate_OutputIsAnInput_IsRefusedAndTheInputStays()
    {
        ImageFile.Write(InFolder("map.png"), new RgbImage(8, 8));
        byte[] before = File.ReadAllBytes(InFolder("map.png"));
        Assert.Equal(
            CommandRunner.WrongUsage, (await GenerateAsync("--structure", InFolder("map.png"), "-o", InFolder("map.png"))).ExitCode);
        Assert.Equal(before, File.ReadAllBytes(InFolder("map.png")));
    }

    [Fact]
    public async Task Generate_UnknownClass_SuggestsNearOnes()
    {
        CommandResult result = await GenerateAsync("--class", "cta", "-o", InFolder("x.png"));
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Equal("nvg: no class 'cta': did you mean cat?\n", result.Error);
        Assert.Equal(CommandRunner.WrongUsage, (await GenerateAsync("--class", "10", "-o", InFolder("x.png"))).ExitCode);
    }

    [Theory]
    [InlineData("--count", "0")]
    [InlineData("--count", "many")]
    [InlineData("--guidance", "high")]
    [InlineData("--top-p", "0-2")]
    [InlineData("--temperature", "0")]
    [InlineData("--device", "tpu")]
    [InlineData("--dtype", "float8")]
    [InlineData("--keep", "both")]
    [InlineData("--reference", "x.png")]
    [InlineData("--gif", "growth.png")]
    [InlineData("--no-such-option", "1")]
    [InlineData("--guidance", "-1")]
    [InlineData("--structure-guidance", "1--2")]
    public async Task Generate_BadOption_IsWrongUsageInOneLine(string option, string value)
    {
        CommandResult result = await GenerateAsync(option, value, "-o", InFolder("x.png"));
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.False(File.Exists(InFolder("x.png")));
    }

    [Theory]
    [InlineData("out.tif")]
    [InlineData("out.txt")]
    public async Task Generate_UnknownOutput_IsWrongUsage(string name) =>
        Assert.Equal(CommandRunner.WrongUsage, (await GenerateAsync("-o", InFolder(name))).ExitCode);

    [Fact]
    public async Task Generate_FileWithoutExtension_IsWrongUsageThatNamesTheWaysOut()
    {
        await File.WriteAllTextAsync(InFolder("file"), "in the way");
        CommandResult result = await GenerateAsync("-o", InFolder("file"));
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Contains("use .png, .jpg or .webp", result.Error, StringComparison.Ordinal);
        Assert.Equal("in the way", await File.ReadAllTextAsync(InFolder("file")));
    }

    [Fact]
    public async Task Generate_UnwritableTarget_FailsBeforeTheWork()
    {
        await File.WriteAllTextAsync(InFolder("file"), "in the way");
        CommandResult result = await GenerateAsync("--count", "100", "-o", InFolder("file/x.png"));
        Assert.Equal(CommandRunner.Failed, result.ExitCode);
        Assert.Contains("cannot be written", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Fact]
    public async Task Generate_TooManyForOneGrid_IsWrongUsageBeforeTheWork() =>
        Assert.Equal(CommandRunner.WrongUsage, (await GenerateAsync("--count", "100000", "-o", InFolder("x.png"))).ExitCode);

    [Fact]
    public async Task Generate_KeepContent_NeedsMapsOfItsStages()
    {
        ImageFile.Write(InFolder("map.png"), new RgbImage(8, 8));
        string[] content = ["--reference", InFolder("map.png"), "--keep", "content", "-o", InFolder("x.png")];
        Assert.Equal(CommandRunner.WrongUsage, (await GenerateAsync([.. content, "--keep-stages", "2"])).ExitCode);
        Assert.Equal(CommandRunner.WrongUsage, (
            await GenerateAsync(
                [.. content, "--keep-stages", "3", "--structure", InFolder("map.png"), "--structure-stages", "2"])).ExitCode);
        Assert.Equal(
            CommandRunner.Done, (await GenerateAsync([.. content, "--keep-stages", "2", "--structure", InFolder("map.png")])).ExitCode);
    }

    [Fact]
    public async Task Generate_MissingModel_IsUnusableData()
    {
        CommandResult result = await RunAsync("generate", "--model", InFolder("nowhere"), "-o", InFolder("x.png"));
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("nowhere", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_TruncatedWeights_IsUnusableData()
    {
        Directory.CreateDirectory(InFolder("model"));
        foreach (string file in Directory.GetFiles(model.Folder))
            File.Copy(file, Path.Combine(InFolder("model"), Path.GetFileName(file)));
        string weights = InFolder("model/generator.safetensors");
        using (FileStream stream = File.OpenWrite(weights))
            stream.SetLength(stream.Length / 2);
        CommandResult result = await RunAsync("generate", "--model", InFolder("model"), "-o", InFolder("x.png"));
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("generator.safetensors", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_UnbalancedMaps_IsUnusableData()
    {
        int[] labels = [.. Enumerable.Range(0, 64).Select(i => i < 20 ? 1 : 0)];
        NpyArray.WriteLabelMaps(InFolder("maps.npy"), labels, 8, 8);
        CommandResult result = await GenerateAsync("--structure", InFolder("maps.npy"), "-o", InFolder("x.png"));
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("maps.npy", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_MapsOfSeveralStages_MayLeaveStageZeroOut()
    {
        int[] first = [.. Enumerable.Range(0, 64).Select(i => i / 32)], second = [.. Enumerable.Range(0, 64).Select(i => i / 16)];
        NpyArray.WriteLabelMaps(InFolder("without.npy"), [.. first, .. second], 2, 8, 8);
        NpyArray.WriteLabelMaps(InFolder("with.npy"), [.. new int[64], .. first, .. second], 3, 64);
        NpyArray.WriteLabelMaps(InFolder("last.npy"), second, 8, 8);
        var images = new List<byte[]>();
        foreach (string name in new[] { "without", "with", "last" })
        {
            Assert.Equal(
                CommandRunner.Done, (await GenerateAsync("--structure", InFolder(name + ".npy"), "-o", InFolder(name + ".png"))).ExitCode);
            images.Add(File.ReadAllBytes(InFolder(name + ".png")));
        }

        Assert.Equal(images[0], images[1]);
        Assert.Equal(images[0], images[2]);
    }

    private Task<CommandResult> GenerateAsync(params string[] arguments) =>
        RunAsync(["generate", "--model", model.Folder, "--threads", "1", .. arguments]);
}
