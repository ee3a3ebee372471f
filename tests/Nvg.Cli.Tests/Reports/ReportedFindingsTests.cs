using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Files.Npy;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Cli.Tests.Reports;

/// <summary>What a command found is said, for people and for programs.</summary>
public sealed class ReportedFindingsTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Fact]
    public async Task Generate_JsonWithStructure_HasWhatExplainDraws()
    {
        var image = new RgbImage(8, 8);
        image.Pixels.AsSpan(0, 8 * 3 * 3).Fill(255);
        ImageFile.Write(InFolder("drawing.png"), image);
        CommandResult result = await GenerateAsync(
            "--structure", InFolder("drawing.png"), "--structure-kind", "brightness", "--structure-stages", "2",
            "--explain", InFolder("why.png"), "--json");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement structure = json.RootElement.GetProperty("structure");
        Assert.Equal(
            (InFolder("why.png"), 64), (structure.GetProperty("explain").GetString(), structure.GetProperty("positions").GetInt32()));
        // Three of eight rows are light: one more row has to become light.
        Assert.Equal([(0, 0, false), (1, 8, false)], structure.GetProperty("stages").EnumerateArray().Select(s => (
            s.GetProperty("stage").GetInt32(), s.GetProperty("moved").GetInt32(), s.GetProperty("byPosition").GetBoolean())));
        using JsonDocument without = JsonDocument.Parse((await GenerateAsync("--json")).Output);
        Assert.False(without.RootElement.TryGetProperty("structure", out _));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(128)]
    [InlineData(255)]
    public async Task Generate_DrawingOfOneTone_SaysThatPositionsDecide(byte tone)
    {
        var image = new RgbImage(30, 20);
        image.Pixels.AsSpan().Fill(tone);
        ImageFile.Write(InFolder("flat.png"), image);
        CommandResult result = await GenerateAsync("--structure", InFolder("flat.png"));
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        Assert.Contains("note: the drawings of stages 1, 2, 3 have a single tone, so regions are halved by position alone", result.Error,
            StringComparison.Ordinal);
        CommandResult json = await GenerateAsync("--structure", InFolder("flat.png"), "--json");
        JsonElement structure = JsonDocument.Parse(json.Output).RootElement.GetProperty("structure");
        Assert.True(structure.GetProperty("stages")[1].GetProperty("byPosition").GetBoolean());
    }

    [Fact]
    public async Task Generate_StructureOfAnImageOfOneColour_SaysThatPositionsDecide()
    {
        var image = new RgbImage(16, 16);
        image.Pixels.AsSpan().Fill(90);
        ImageFile.Write(InFolder("flat.png"), image);
        string[] options = ["--structure", InFolder("flat.png"), "--structure-kind", "image", "--structure-stages", "3"];
        Assert.Contains("the drawings of stages 1, 2 have a single tone", (await GenerateAsync(options)).Error, StringComparison.Ordinal);
        image.Pixels[7] = 91;
        ImageFile.Write(InFolder("flat.png"), image);
        Assert.DoesNotContain("single tone", (await GenerateAsync(options)).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_SecondDrawingOfOneTone_IsNamedByItsStage()
    {
        var image = new RgbImage(8, 8);
        image.Pixels.AsSpan(0, 8 * 3 * 4).Fill(255);
        ImageFile.Write(InFolder("half.png"), image);
        ImageFile.Write(InFolder("flat.png"), new RgbImage(8, 8));
        CommandResult result = await GenerateAsync("--structure", InFolder("half.png"), "--structure", InFolder("flat.png"));
        Assert.Contains("the drawing of stage 2 has a single tone", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_LabelsOfWholeFloats_AreLabels()
    {
        float[] maps = [.. Enumerable.Range(0, 64).Select(i => (float)(i / 32))];
        foreach (NpyArray array in new[] { NpyArray.Of(maps, 8, 8), NpyArray.Of(Array.ConvertAll(maps, m => (double)m), 8, 8) })
        {
            using (FileStream file = File.Create(InFolder("maps.npy")))
                array.Write(file);
            Assert.Equal(CommandRunner.Done, (await GenerateAsync("--structure", InFolder("maps.npy"))).ExitCode);
        }

        // Truth values, as masks have them.
        using (var truth = new MemoryStream())
        {
            NpyArray.Of(Array.ConvertAll(maps, m => (byte)m), 8, 8).Write(truth);
            string text = Encoding.Latin1.GetString(truth.ToArray()).Replace("|u1", "|b1", StringComparison.Ordinal);
            await File.WriteAllBytesAsync(InFolder("maps.npy"), Encoding.Latin1.GetBytes(text));
        }

        Assert.Equal(CommandRunner.Done, (await GenerateAsync("--structure", InFolder("maps.npy"))).ExitCode);
        maps[9] = 0.5f;
        using (FileStream file = File.Create(InFolder("maps.npy")))
            NpyArray.Of(maps, 8, 8).Write(file);
        CommandResult result = await GenerateAsync("--structure", InFolder("maps.npy"));
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("element 9 is 0.5", result.Error, StringComparison.Ordinal);
    }

    // Whatever opens a pipe a second time waits for ever, or finds it empty.
    [Fact]
    public async Task Generate_InputsThroughPipes_AreReadOnce()
    {
        if (!OperatingSystem.IsLinux())
            return;
        RgbImage mask = new(9, 9);
        mask.Pixels.AsSpan(0, 9 * 3 * 5).Fill(255);
        ImageFile.Write(InFolder("photo.png"), Images.Gradient(18, 18));
        ImageFile.Write(InFolder("mask.png"), mask);
        CommandResult files = await GenerateAsync("--reference", InFolder("photo.png"), "--mask", InFolder("mask.png"));
        Assert.Equal((CommandRunner.Done, ""), (files.ExitCode, files.Error));
        byte[] expected = await File.ReadAllBytesAsync(InFolder("out.png"));
        Task writing = Task.WhenAll(PipeAsync("photo.png", "pipe-1.png"), PipeAsync("mask.png", "pipe-2.png"));
        CommandResult pipes = await GenerateAsync("--reference", InFolder("pipe-1.png"), "--mask", InFolder("pipe-2.png"))
            .WaitAsync(TimeSpan.FromMinutes(10));
        await writing;
        Assert.Equal((CommandRunner.Done, ""), (pipes.ExitCode, pipes.Error));
        Assert.Equal(expected, await File.ReadAllBytesAsync(InFolder("out.png")));
    }

    [Fact]
    public async Task Show_ResultOfAnotherModel_SaysSo()
    {
        Assert.Equal(CommandRunner.Done, (await GenerateAsync("--save", InFolder("saved"))).ExitCode);
        string saved = InFolder("saved/cat/5.nvg");
        CommandResult own = await RunAsync("show", saved, "--model", model.Folder);
        Assert.Equal((CommandRunner.Done, ""), (own.ExitCode, own.Error));
        Assert.DoesNotContain("that is not the model", own.Output, StringComparison.Ordinal);
        // The same name and sizes, other weights.
        string other = InFolder("other");
        Directory.CreateDirectory(other);
        foreach (string file in Directory.GetFiles(model.Folder))
            File.Copy(file, Path.Combine(other, Path.GetFileName(file)));
        using (var scope = new TensorScope())
        {
            Dictionary<string, Tensor> tensors;
            using (SafetensorsFile stored = SafetensorsFile.Open(Path.Combine(other, "generator.safetensors")))
                tensors = stored.ToDictionary(p => p.Key, p => p.Value * 1.5);
            SafetensorsFile.Write(Path.Combine(other, "generator.safetensors"), tensors);
        }

        CommandResult shown = await RunAsync("show", saved, "--model", other);
        Assert.Equal(CommandRunner.Done, shown.ExitCode);
        Assert.Contains($"; that is not the model in {other}", shown.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse((await RunAsync("show", saved, "--model", other, "--json")).Output);
        Assert.Equal(other, json.RootElement.GetProperty("otherModel").GetString());
    }

    // Counts that fill the memory before anything is drawn: refused from the numbers alone.
    [Theory]
    [InlineData("--count", "20000000", "out.png", "--count must be between 1 and 1,000,000, not 20000000")]
    [InlineData("--count", "1000000000", "out.npz", "--count must be between 1 and 1,000,000, not 1000000000")]
    [InlineData("--count", "2147483647", "folder", "--count must be between 1 and 1,000,000")]
    [InlineData("--count", "0", "out.png", "--count must be between 1 and 1,000,000, not 0")]
    [InlineData("--count", "900000", "out.npz", "10 classes of 900,000 images exceed the limit of 1,000,000 images")]
    [InlineData("--count", "900000", "out.png", "10 classes of 900,000 images exceed the limit of 1,000,000 images")]
    public async Task Generate_TooManyImages_AreWrongUsageAtOnce(string option, string value, string output, string words)
    {
        CommandResult result = await RunAsync(
            "generate", "--model", model.Folder, "--class", "0,1,2,3,4,5,6,7,8,9", option, value, "-o", InFolder(output));
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Contains(words, Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_TooManyForOneImage_SaysWhereTheyFit()
    {
        CommandResult result = await RunAsync(
            "generate", "--model", model.Folder, "--class", "cat", "--count", "1000000", "-o", InFolder("out.png"));
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Contains("1000000 images are too many for", result.Error, StringComparison.Ordinal);
    }

    // A named pipe that a file is written into as soon as somebody reads it.
    private async Task PipeAsync(string file, string pipe)
    {
        using (Process make = Process.Start("mkfifo", InFolder(pipe)))
            await make.WaitForExitAsync();
        await Task.Run(() => File.WriteAllBytes(InFolder(pipe), File.ReadAllBytes(InFolder(file))));
    }

    private Task<CommandResult> GenerateAsync(params string[] arguments) => RunAsync(
        ["generate", "--model", model.Folder, "--class", "cat", "--seed", "5", "-o", InFolder("out.png"), "--quiet", .. arguments]);
}
