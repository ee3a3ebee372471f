using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Documents;
using Nvg.Imaging;
using Nvg.Torch.Files.Npy;

namespace Nvg.Cli.Tests;

public class ControlCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    private const int Side = 32;

    [Fact]
    public async Task Generate_FromSavedResult_IsTheSameBitByBitFromAnyStage()
    {
        await DoneAsync("--class", "cat", "--seed", "5", "--temperature", "0.8", "--save", InFolder("saved"), "-o", InFolder("first.png"));
        string saved = InFolder("saved/cat/5.nvg");
        foreach (string[] kept in new string[][] { [], ["--keep-stages", "1"], ["--keep-stages", "4"], ["--keep-stages", "7"], [
            "--keep", "structure", "--keep-stages", "3"] })
        {
            await DoneAsync(["--reference", saved, .. kept, "-o", InFolder("again.png")]);
            Assert.Equal(File.ReadAllBytes(InFolder("first.png")), File.ReadAllBytes(InFolder("again.png")));
        }

        // What the command line says wins over what was saved.
        await DoneAsync(
            "--reference", saved, "--keep-stages", "3", "--class", "dog", "--seed", "6", "--save", InFolder("saved"), "-o",
            InFolder("other.png"));
        ImageDocument first = ImageDocument.Read(saved), other = ImageDocument.Read(InFolder("saved/dog/6.nvg"));
        Assert.True(first.Sequence.Keep(3, 3).SequenceEqual(other.Sequence.Keep(3, 3)));
        Assert.False(first.Sequence.SequenceEqual(other.Sequence));
        Assert.Equal(0.8, other.Description.Sampling.Temperature);
    }

    [Fact]
    public async Task Generate_OverWhatItReads_IsRefusedBeforeTheWork()
    {
        await DoneAsync("--class", "cat", "--seed", "5", "--save", InFolder("saved"), "-o", InFolder("out"));
        string saved = InFolder("saved/cat/5.nvg"), image = InFolder("out/cat/5.png");
        Directory.CreateSymbolicLink(InFolder("link"), InFolder("saved"));
        byte[] before = File.ReadAllBytes(saved), pixels = File.ReadAllBytes(image);
        foreach (string[] arguments in new string[][]
        {
            ["--reference", saved, "--keep-stages", "2", "--save", InFolder("saved"), "-o", InFolder("x.png")],
            ["--reference", saved, "--keep-stages", "2", "--save", InFolder("link"), "-o", InFolder("x.png")],
            [
                "--reference", saved, "--keep-stages", "2", "--seed", "4", "--count", "2", "--save", InFolder("saved"), "-o",
                InFolder("x.png")],
            ["--structure", image, "--class", "cat", "--seed", "5", "-o", InFolder("out")],
        })
        {
            CommandResult refused = await GenerateAsync(arguments);
            Assert.Equal(CommandRunner.WrongUsage, refused.ExitCode);
            string[] lines = refused.Error.TrimEnd().Split('\n');
            Assert.Contains("is read by this command", lines[^1], StringComparison.Ordinal);
            // How a drawing was read is said before.
            Assert.All(lines[..^1], line => Assert.StartsWith("structure: ", line, StringComparison.Ordinal));
        }

        Assert.Equal(before, File.ReadAllBytes(saved));
        Assert.Equal(pixels, File.ReadAllBytes(image));
        Assert.False(File.Exists(InFolder("saved/cat/4.nvg")));
        // Another seed lies beside it.
        await DoneAsync("--reference", saved, "--keep-stages", "2", "--seed", "6", "--save", InFolder("saved"), "-o", InFolder("x.png"));
    }

    [Theory]
    [InlineData("saved")]
    [InlineData("saved/dog")]
    public async Task Generate_DocumentsThatCannotBeWritten_AreRefusedBeforeTheWork(string occupied)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(InFolder(occupied))!);
        await File.WriteAllTextAsync(InFolder(occupied), "no folder");
        CommandResult refused = await GenerateAsync("--class", "cat,dog", "--save", InFolder("saved"), "-o", InFolder("out"));
        Assert.Equal(CommandRunner.Failed, refused.ExitCode);
        Assert.Contains("cannot be written", Assert.Single(refused.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        Assert.False(File.Exists(InFolder("out/cat/0.png")));
        Assert.False(File.Exists(InFolder("saved/cat/0.nvg")));
    }

    [Fact]
    public async Task Generate_FromSavedResult_IsComputedTogetherWithAsMany()
    {
        await DoneAsync("--class", "cat", "--count", "3", "--batch", "2", "--save", InFolder("saved"), "-o", InFolder("out"));
        int BatchOf(string file) => ImageDocument.Read(InFolder(file)).Description.Batch;
        Assert.Equal([2, 2, 1], Enumerable.Range(0, 3).Select(seed => BatchOf($"saved/cat/{seed}.nvg")));
        for (int seed = 0; seed < 3; seed++)
        {
            await DoneAsync(
                "--reference", InFolder($"saved/cat/{seed}.nvg"), "--keep-stages", "2", "--save", InFolder("again"), "-o",
                InFolder("again"));
            Assert.Equal(BatchOf($"saved/cat/{seed}.nvg"), BatchOf($"again/cat/{seed}.nvg"));
            Assert.Equal(File.ReadAllBytes(InFolder($"out/cat/{seed}.png")), File.ReadAllBytes(InFolder($"again/cat/{seed}.png")));
        }

        await DoneAsync("--reference", InFolder("saved/cat/0.nvg"), "--batch", "1", "--save", InFolder("alone"), "-o", InFolder("alone"));
        Assert.Equal(1, BatchOf("alone/cat/0.nvg"));
    }

    [Fact]
    public async Task Show_SavedResult_PrintsDrawsAndGivesItsMaps()
    {
        await DoneAsync("--class", "cat", "--seed", "5", "--save", InFolder("saved"), "-o", InFolder("out"));
        string saved = InFolder("saved/cat/5.nvg");
        CommandResult shown = await RunAsync("show", saved, "-o", InFolder("image.png"), "--maps", InFolder("maps.npy"));
        Assert.Equal((CommandRunner.Done, ""), (shown.ExitCode, shown.Error));
        Assert.Contains("cat (class 3), seed 5", shown.Output, StringComparison.Ordinal);
        Assert.Equal(ImageFile.Read(InFolder("out/cat/5.png")).Pixels, ImageFile.Read(InFolder("image.png")).Pixels);
        // Maps go back in as they came out.
        await DoneAsync(
            "--class", "cat", "--seed", "5", "--structure", InFolder("maps.npy"), "--save", InFolder("again"), "-o", InFolder("x.png"));
        Assert.True(ImageDocument.Read(saved).Sequence.Keep(7, 0).SequenceEqual(
            ImageDocument.Read(InFolder("again/cat/5.nvg")).Sequence.Keep(7, 0)));
        CommandResult stages = await RunAsync("show", saved, "--model", model.Folder, "--stages", "-o", InFolder("stages.png"), "--json");
        Assert.Equal(CommandRunner.Done, stages.ExitCode);
        Assert.Equal(2 * 7 * (128 + 2) + 2, ImageFile.Read(InFolder("stages.png")).Width);
        using JsonDocument json = JsonDocument.Parse(stages.Output);
        Assert.Equal(7, json.RootElement.GetProperty("stages").GetArrayLength());
        Assert.Equal("tiny", json.RootElement.GetProperty("description").GetProperty("model").GetString());
    }

    [Fact]
    public async Task Generate_RangeOfStages_DrawsARowForEach()
    {
        WriteImage("photo.png", 40, 30);
        await DoneAsync(
            "--reference", InFolder("photo.png"), "--keep", "structure", "--keep-stages", "1-3", "--count", "2", "-o",
            InFolder("rows.png"));
        RgbImage rows = ImageFile.Read(InFolder("rows.png"));
        Assert.Equal((2 * 130 + 2, 3 * 130 + 2), (rows.Width, rows.Height));
        await DoneAsync("--class", "cat", "--reference", InFolder("photo.png"), "--keep-stages", "1-2", "-o", InFolder("rows"));
        Assert.Equal(
            ["0.keep1.png", "0.keep2.png"],
            Directory.GetFiles(InFolder("rows/cat")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("split")]
    [InlineData("keep")]
    public async Task Generate_Mask_LeavesPixelsAwayFromItAlone(string border)
    {
        await DoneAsync("--class", "cat", "--seed", "5", "--save", InFolder("saved"), "-o", InFolder("out"));
        var mask = new RgbImage(Side, Side);
        for (int y = 12; y < 20; y++)
            mask.Row(y).Slice(3 * 12, 3 * 8).Fill(255);
        ImageFile.Write(InFolder("mask.png"), mask);
        CommandResult result = await GenerateAsync(
            "--reference", InFolder("saved/cat/5.nvg"), "--mask", InFolder("mask.png"), "--class", "dog", "--border", border,
            "--json", "--save", InFolder("saved"), "-o", InFolder("out"));
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        RgbImage before = ImageFile.Read(InFolder("out/cat/5.png")), after = ImageFile.Read(InFolder("out/dog/5.png"));
        for (int y = 0; y < Side; y++)
        {
            // The mask covers latent positions 3 and 4; a ramp of one position lies around them.
            for (int x = 0; x < Side; x++)
            {
                if (x is < 8 or >= 24 || y is < 8 or >= 24)
                    Assert.Equal(before.Row(y).Slice(3 * x, 3).ToArray(), after.Row(y).Slice(3 * x, 3).ToArray());
            }
        }

        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement change = json.RootElement.GetProperty("images")[0].GetProperty("change");
        Assert.True(change.GetProperty("meanInside").GetDouble() >= change.GetProperty("meanOutside").GetDouble());
        Assert.Equal(0, change.GetProperty("meanByDistance")[2].GetDouble());
        // Its stages are drawn with the surroundings, the last of them as the image itself, by either command.
        await DoneAsync("--reference", InFolder("saved/dog/5.nvg"), "--stages", "-o", InFolder("stages.png"));
        Assert.Equal(CommandRunner.Done, (await RunAsync(
            "show", InFolder("saved/dog/5.nvg"), "--model", model.Folder, "--stages", "-o", InFolder("shown.png"))).ExitCode);
        RgbImage stages = ImageFile.Read(InFolder("stages.png"));
        Assert.Equal(stages.Pixels, ImageFile.Read(InFolder("shown.png")).Pixels);
        for (int stage = 0; stage < 7; stage++)
        {
            // Cells of 128 pixels with a margin of 2, each pixel drawn four times as large.
            int left = 2 + 2 * stage * 130;
            Assert.Equal(before.Row(2).Slice(3 * 2, 3).ToArray(), stages.Row(2 + 4 * 2).Slice(3 * (left + 4 * 2), 3).ToArray());
            Assert.Equal(before.Row(30).Slice(3 * 30, 3).ToArray(), stages.Row(2 + 4 * 30).Slice(3 * (left + 4 * 30), 3).ToArray());
        }

        // A masked result is continued as any other.
        await DoneAsync("--reference", InFolder("saved/dog/5.nvg"), "--keep-stages", "4", "-o", InFolder("again"));
        Assert.Equal(File.ReadAllBytes(InFolder("out/dog/5.png")), File.ReadAllBytes(InFolder("again/dog/5.png")));
    }

    [Fact]
    public async Task Generate_MaskOverAPhotograph_KeepsThePhotographsOwnPixels()
    {
        WriteImage("photo.png", Side, Side);
        // Half as large, over the same image: the upper left quarter.
        var mask = new RgbImage(Side / 2, Side / 2);
        for (int y = 0; y < Side / 4; y++)
            mask.Row(y)[..(3 * Side / 4)].Fill(255);
        ImageFile.Write(InFolder("mask.png"), mask);
        await DoneAsync("--class", "cat", "--reference", InFolder("photo.png"), "--mask", InFolder("mask.png"), "-o", InFolder("x"));
        RgbImage before = ImageFile.Read(InFolder("photo.png")), after = ImageFile.Read(InFolder("x/cat/0.png"));
        for (int y = Side / 2 + 4; y < Side; y++)
            Assert.Equal(before.Row(y).ToArray(), after.Row(y).ToArray());
        Assert.NotEqual(before.Row(4).ToArray(), after.Row(4).ToArray());
    }

    [Fact]
    public async Task Generate_MaskOverAWidePhotograph_LiesOverItsCentreInAnySize()
    {
        // A photograph of 2 : 1, a mask drawn over the whole of it, and one over its central square.
        WriteImage("photo.png", 2 * Side, Side);
        RgbImage wide = new(2 * Side, Side), square = new(Side, Side);
        for (int y = 0; y < Side / 2; y++)
        {
            wide.Row(y)[..(3 * Side)].Fill(255);
            square.Row(y)[..(3 * Side / 2)].Fill(255);
        }

        ImageFile.Write(InFolder("wide.png"), wide);
        ImageFile.Write(InFolder("square.png"), square);
        foreach (string mask in new[] { "wide", "square" })
        {
            CommandResult result = await GenerateAsync(
                "--class", "cat", "--reference", InFolder("photo.png"), "--mask", InFolder($"{mask}.png"), "-o", InFolder(mask));
            Assert.Equal(CommandRunner.Done, result.ExitCode);
            Assert.Contains($"photo.png has {2 * Side} × {Side} pixels; its central {Side} × {Side} are used", result.Error,
                StringComparison.Ordinal);
        }

        Assert.Equal(File.ReadAllBytes(InFolder("square/cat/0.png")), File.ReadAllBytes(InFolder("wide/cat/0.png")));
    }

    [Theory]
    [InlineData(true, "labels")]
    [InlineData(false, "brightness", "--structure-stages", "4")]
    public async Task Generate_BareDrawing_IsReadByWhatItShows(bool isFlat, string kind, params string[] stages)
    {
        var drawing = new RgbImage(Side, Side);
        for (int i = 0; i < Side * Side; i++)
            drawing.Pixels.AsSpan(3 * i, 3).Fill((byte)(isFlat ? i % Side < 10 ? 40 : 200 : i * 255 / (Side * Side)));
        ImageFile.Write(InFolder("drawing.png"), drawing);
        string[] arguments = ["--class", "cat", "--seed", "3", "--structure", InFolder("drawing.png"), "-o"];
        CommandResult bare = await GenerateAsync([.. arguments, InFolder("bare"), "--save", InFolder("bare")]);
        Assert.Contains($"(--structure-kind {kind})", bare.Error, StringComparison.Ordinal);
        await DoneAsync([.. arguments, InFolder("same"), "--save", InFolder("same"), "--structure-kind", kind, .. stages]);
        ImageDocument bareDocument = ImageDocument.Read(InFolder("bare/cat/3.nvg")), same = ImageDocument.Read(InFolder("same/cat/3.nvg"));
        Assert.True(bareDocument.Given.SequenceEqual(same.Given));
        // Content follows flat colours as well, which the explicit kind leaves out of account.
        if (!isFlat)
            Assert.Equal(File.ReadAllBytes(InFolder("same/cat/3.png")), File.ReadAllBytes(InFolder("bare/cat/3.png")));
    }

    [Fact]
    public async Task Generate_FirstStagesOfFinishedMaps_GivesThoseAlone()
    {
        await DoneAsync("--class", "cat", "--seed", "5", "--save", InFolder("saved"), "-o", InFolder("x.png"));
        Assert.Equal(CommandRunner.Done, (await RunAsync("show", InFolder("saved/cat/5.nvg"), "--maps", InFolder("maps.npy"))).ExitCode);
        await DoneAsync(
            "--class", "dog", "--structure", InFolder("maps.npy"), "--structure-stages", "3", "--save", InFolder("again"), "-o",
            InFolder("x.png"));
        ImageDocument again = ImageDocument.Read(InFolder("again/dog/0.nvg"));
        Assert.Equal(3, again.Given.StructureStages);
        Assert.True(again.Sequence.Keep(3, 0).SequenceEqual(ImageDocument.Read(InFolder("saved/cat/5.nvg")).Sequence.Keep(3, 0)));
    }

    [Fact]
    public async Task Generate_RowsOfWays_LeavesAFileOfEach()
    {
        WriteImage("photo.png", Side, Side);
        await DoneAsync(
            "--class", "cat", "--reference", InFolder("photo.png"), "--keep-stages", "1-2", "--to-seed", "9", "--count", "2", "-o",
            InFolder("x"));
        Assert.Equal(
            ["0.keep1.way0.png", "0.keep1.way1.png", "0.keep2.way0.png", "0.keep2.way1.png"],
            Directory.GetFiles(InFolder("x/cat")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Generate_Ways_BeginAndEndAtPlainImages()
    {
        await DoneAsync("--class", "cat", "--seed", "1", "--to-class", "truck", "--to-seed", "9", "--count", "3", "-o", InFolder("way"));
        await DoneAsync("--class", "cat", "--seed", "1", "-o", InFolder("plain"));
        await DoneAsync("--class", "truck", "--seed", "9", "-o", InFolder("plain"));
        Assert.Equal(File.ReadAllBytes(InFolder("plain/cat/1.png")), File.ReadAllBytes(InFolder("way/cat/1.way0.png")));
        Assert.Equal(File.ReadAllBytes(InFolder("plain/truck/9.png")), File.ReadAllBytes(InFolder("way/cat/1.way1.png")));
        Assert.NotEqual(File.ReadAllBytes(InFolder("way/cat/1.way0.png")), File.ReadAllBytes(InFolder("way/cat/1.way0.5.png")));
    }

    [Fact]
    public async Task Generate_StructureOfOneContentOfAnother_TakesBoth()
    {
        WriteImage("a.png", 32, 32);
        WriteImage("b.png", 60, 40);
        await DoneAsync(
            "--class", "cat", "--structure", InFolder("a.png"), "--structure-kind", "image", "--structure-stages", "4",
            "--construction", "spatial:1",
            "--reference", InFolder("b.png"), "--keep", "content", "--keep-stages", "3", "--save", InFolder("mixed"),
            "-o", InFolder("x.png"));
        ImageDocument mixed = ImageDocument.Read(InFolder("mixed/cat/0.nvg"));
        Assert.Equal((4, 3), (mixed.Given.StructureStages, mixed.Given.ContentStages));
    }

    [Theory]
    [InlineData("brightness", 1, 1)]
    [InlineData("brightness", 5000, 20)]
    [InlineData("labels", 1, 1)]
    [InlineData("labels", 5000, 20)]
    public async Task Generate_StructureOfAnySize_IsBalancedAndExplained(string kind, int width, int height)
    {
        WriteImage("map.png", width, height);
        CommandResult result = await GenerateAsync(
            "--structure", InFolder("map.png"), "--structure-kind", kind, "--explain", InFolder("why.png"), "-o", InFolder("x.png"));
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        Assert.Matches(
            @"structure: positions moved to make the halves equal: \d+ of 64 in stage 1.*; "
                + @"drawn in .*why\.png|note: .*single (region|tone)",
            result.Error);
        Assert.True(File.Exists(InFolder("why.png")));
    }

    [Fact]
    public async Task Generate_UnbalancedMaps_NameTheKindThatBalancesThem()
    {
        NpyArray.WriteLabelMaps(InFolder("maps.npy"), [.. Enumerable.Range(0, 48).Select(i => i < 5 ? 1 : 0)], 6, 8);
        string[] maps = ["--structure", InFolder("maps.npy"), "-o", InFolder("x.png")];
        CommandResult refused = await GenerateAsync(maps);
        Assert.Equal(CommandRunner.UnusableData, refused.ExitCode);
        Assert.Contains("--structure-kind labels", refused.Error, StringComparison.Ordinal);
        await DoneAsync([.. maps, "--structure-kind", "labels"]);
    }

    [Theory]
    [InlineData("--keep-stages needs", "--keep-stages", "3")]
    [InlineData("need --reference", "--mask", "IMAGE")]
    [InlineData("need --mask", "--border", "keep", "--reference", "IMAGE", "--keep-stages", "2")]
    [InlineData("or --mask", "--reference", "IMAGE")]
    [InlineData("omit --structure", "--reference", "IMAGE", "--mask", "IMAGE", "--structure", "IMAGE")]
    [InlineData("--structure-stages N", "--structure", "IMAGE", "--structure-kind", "image")]
    [InlineData("need --structure", "--explain", "x.png")]
    [InlineData("one split each", "--structure", "IMAGE", "--structure", "IMAGE", "--structure-kind", "labels")]
    [InlineData(
        "2 drawings are more than the 1 split of 2 stages", "--structure", "IMAGE", "--structure", "IMAGE", "--structure-stages", "2")]
    [InlineData("8 stages", "--reference", "IMAGE", "--keep-stages", "8")]
    [InlineData("8 stages", "--structure", "IMAGE", "--structure-stages", "8")]
    [InlineData("at least 2", "--class", "cat", "--to-class", "dog")]
    [InlineData("one class", "--class", "cat", "--count", "2", "--to-class", "dog,cat")]
    [InlineData("not a structure strategy", "--reference", "IMAGE", "--keep-stages", "2", "--construction", "magic")]
    [InlineData("nothing to generate", "--reference", "IMAGE", "--mask", "BLACK")]
    [InlineData("keep at most 6", "--reference", "IMAGE", "--mask", "HALF", "--keep-stages", "7")]
    [InlineData("keep at most 6", "--reference", "IMAGE", "--mask", "HALF", "--keep-stages", "5-7")]
    [InlineData("--keep needs --keep-stages", "--reference", "none.nvg", "--keep", "structure")]
    [InlineData("takes a number of stages", "--reference", "IMAGE", "--keep-stages", "5-2")]
    public async Task Generate_ContradictingOptions_AreWrongUsageInOneLine(string words, params string[] arguments)
    {
        WriteImage("image.png", 20, 20);
        ImageFile.Write(InFolder("black.png"), new RgbImage(20, 20));
        var half = new RgbImage(20, 20);
        half.Pixels.AsSpan(600).Fill(255);
        ImageFile.Write(InFolder("half.png"), half);
        CommandResult result = await GenerateAsync([.. arguments.Select(
            a => a is "IMAGE" or "BLACK" or "HALF" ? InFolder($"{a.ToLowerInvariant()}.png") : a), "-o", InFolder("out.png")]);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        if (!words.StartsWith("--keep-stages needs", StringComparison.Ordinal))
            Assert.Contains(words, result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.False(File.Exists(InFolder("out.png")));
    }

    [Fact]
    public async Task Show_BadFile_IsUnusableDataInOneLine()
    {
        await File.WriteAllTextAsync(InFolder("bad.nvg"), "{}");
        foreach (CommandResult result in new[] { await RunAsync("show", InFolder("bad.nvg")), await GenerateAsync(
            "--reference", InFolder("bad.nvg"), "-o", InFolder("x.png")) })
        {
            Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
            Assert.Contains("bad.nvg", Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Evaluate_StructureAndControl_ReportTheirFigures()
    {
        Tiny.Prepare(InFolder("images"), InFolder("data"), size: Side);
        string[] data = ["--data", InFolder("data"), "--model", model.Folder, "--threads", "1", "--limit", "4", "--json"];
        // The data's classes are none of the model's: for control they must be.
        Assert.Equal(CommandRunner.UnusableData, (await RunAsync(["evaluate", "control", .. data])).ExitCode);
        Rename("stripes", "cat");
        Rename("waves", "dog");
        Directory.Delete(InFolder("data"), recursive: true);
        await Preparation.RunAsync(
            ImageSource.Open(InFolder("images")), InFolder("data"), new PreparationOptions { Size = Side, Threads = 1 });
        CommandResult structure = await RunAsync(["evaluate", "structure", "greedy", "spatial:1", .. data, "--quiet"]);
        Assert.Equal("", structure.Error);
        using JsonDocument strategies = JsonDocument.Parse(structure.Output);
        Assert.Equal(["greedy", "spatial:1"], strategies.RootElement.GetProperty("strategies").EnumerateArray().Select(
            r => r.GetProperty("strategy").GetString()));
        JsonElement excess = strategies.RootElement.GetProperty("matching");
        Assert.InRange(excess.GetProperty("improved").GetDouble(), 0, excess.GetProperty("greedy").GetDouble());
        CommandResult control = await RunAsync(["evaluate", "control", .. data, "--quiet"]);
        Assert.Equal("", control.Error);
        using JsonDocument report = JsonDocument.Parse(control.Output);
        Assert.Equal(
            (1.0, 1.0),
            (report.RootElement.GetProperty("structureKept").GetDouble(),
            report.RootElement.GetProperty("sequenceKeptOutside").GetDouble()));
        Assert.Equal(5, report.RootElement.GetProperty("agreement").GetArrayLength());
    }

    private void Rename(string from, string to) =>
        Directory.Move(Path.Combine(InFolder("images"), from), Path.Combine(InFolder("images"), to));

    private void WriteImage(string name, int width, int height)
    {
        var image = new RgbImage(width, height);
        new Random(width).NextBytes(image.Pixels);
        ImageFile.Write(InFolder(name), image);
    }

    private async Task DoneAsync(params string[] arguments)
    {
        CommandResult result = await GenerateAsync(arguments);
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        // Remarks on the structure are not errors.
        string[] lines = result.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.Matches("^(structure|note): ", line));
    }

    private Task<CommandResult> GenerateAsync(params string[] arguments) =>
        RunAsync(["generate", "--model", model.Folder, "--threads", "1", "--quiet", .. arguments]);
}
