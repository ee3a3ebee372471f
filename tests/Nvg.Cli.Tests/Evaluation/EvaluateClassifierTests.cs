using System.Text.Json;
using Nvg.Classifiers;
using Nvg.Cli.Terminal;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Torch.Nn;

namespace Nvg.Cli.Tests;

public class EvaluateClassifierTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    private static readonly ClassifierConfig Sizes =
        new() { ImageSize = 32, WhiteningChannels = 8, BlockChannels = [4, 6], ClassCount = TinyModel.Labels.Length };

    [Fact]
    public async Task Classifier_DataSet_CountsEveryImage()
    {
        await PrepareAsync();
        CommandResult result = await RunAsync("evaluate", "classifier", "--model", Classifier(), "--data", InFolder("data"), "--json");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        JsonElement report = Json(result);
        Assert.Equal(9, report.GetProperty("count").GetInt32());
        JsonElement[] classes = [.. report.GetProperty("classes").EnumerateArray()];
        Assert.Equal(9, classes.Sum(c => c.GetProperty("named").EnumerateArray().Sum(n => n.GetInt32())));
        long right = classes.Select((c, i) => c.GetProperty("named")[i].GetInt64()).Sum();
        Assert.Equal(right / 9.0, report.GetProperty("accuracy").GetDouble(), 1e-12);
        JsonElement few = Json(
            await RunAsync("evaluate", "classifier", "--model", Classifier(), "--data", InFolder("data"), "--limit", "4", "--through",
            model.Folder, "--json"));
        Assert.Equal(4, few.GetProperty("count").GetInt32());
        CommandResult heldOut = await RunAsync(
            "evaluate", "classifier", "--model", Classifier(), "--data", InFolder("data"), "--held-out", "3");
        Assert.Contains("all", heldOut.Output, StringComparison.Ordinal);
        Assert.Equal(CommandRunner.Done, heldOut.ExitCode);
    }

    [Fact]
    public async Task Classifier_WhatCannotBeJudged_IsOneLine()
    {
        await PrepareAsync();
        WriteImage("flat/1.png", 1);
        WriteImage($"mixed/{TinyModel.Labels[0]}/1.png", 1);
        WriteImage($"mixed/{TinyModel.Labels[0]}/2.png", 2, 48);
        foreach ((string[] more, int exitCode) in new (string[], int)[]
        {
            (["--data", InFolder("flat")], CommandRunner.UnusableData), (["--data", InFolder("nowhere")], CommandRunner.UnusableData),
            (["--data", InFolder("mixed")], CommandRunner.UnusableData), (
                ["--data", InFolder("data"), "--model", model.Folder], CommandRunner.UnusableData),
                (["--data", InFolder("data"), "--limit", "0"], CommandRunner.WrongUsage),
        })
        {
            CommandResult result = await RunAsync(
                ["evaluate", "classifier", .. more.Contains("--model") ? more : ["--model", Classifier(), .. more]]);
            Assert.Equal(exitCode, result.ExitCode);
            Assert.Single(result.Error.TrimEnd().Split('\n'));
        }
    }

    [Fact]
    public async Task Neighbours_CopiesOfTrainingImages_AreFound()
    {
        await PrepareAsync();
        WriteImage("samples/cat/1.png", 3);
        WriteImage("samples/dog/2.png", 7);
        for (int i = 0; i < 4; i++)
            WriteImage($"unseen/cat/{i}.png", 100 + i);
        await Preparation.RunAsync(ImageSource.Open(InFolder("unseen")), InFolder("test"), new PreparationOptions { Size = 32 });
        CommandResult result = await RunAsync(
            "evaluate", "neighbours", InFolder("samples"), "--data", InFolder("data"), "--test", InFolder("test"),
            "--features", Classifier(),
            "-o", InFolder("n.png"), "--report", InFolder("n.html"), "--json");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        JsonElement report = Json(result);
        Assert.Equal((2, 9), (report.GetProperty("sampleCount").GetInt32(), report.GetProperty("trainingCount").GetInt32()));
        Assert.Equal(0, report.GetProperty("inPixels").GetProperty("sampleMedian").GetDouble());
        Assert.Equal(1, report.GetProperty("inPixels").GetProperty("sampleCopies").GetDouble());
        // Two threes of images side by side.
        RgbImage sheet = ImageFile.Read(InFolder("n.png"));
        Assert.Equal((2 * (3 * 65 + 1 + 6) + 6, 66 + 12), (sheet.Width, sheet.Height));
        Assert.Contains("data:image/png;base64,", await File.ReadAllTextAsync(InFolder("n.html")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sweep_TwoValues_WritesTablesAndContinues()
    {
        await PrepareAsync();
        string[] arguments = [
            "evaluate", "sweep", "--model", model.Folder, "--features", Classifier(), "--reference", InFolder("data"), "--per-class", "1",
            "-o", InFolder("sweep"), "--vary", "structureSteps=1,2", "--json"];
        CommandResult first = await RunAsync(arguments), second = await RunAsync(arguments);
        Assert.Equal(CommandRunner.Done, first.ExitCode);
        Assert.Equal(2, Json(first).GetArrayLength());
        Assert.Equal(first.Output, second.Output);
        Assert.All(
            ["results.csv", "results.json", "results.md", "report.html"], file => Assert.True(File.Exists(InFolder($"sweep/{file}"))));
        // Mistyped settings are wrong usage, also where no model can be read; so is what this model cannot do.
        (string, string)[] mistyped =
            [("colour=1", "'colour'"), ("topK=many", "topK"), ("topP", "'topP'"), ("keep=some", "'some'")];
        foreach ((string vary, string named) in mistyped)
        {
            CommandResult wrong = await RunAsync(
                "evaluate", "sweep", "--model", InFolder("nowhere"), "--features", InFolder("nowhere"), "--reference", InFolder("data"),
                "-o", InFolder("sweep"), "--vary", vary);
            Assert.Equal(CommandRunner.WrongUsage, wrong.ExitCode);
            Assert.Contains(named, wrong.Error, StringComparison.Ordinal);
        }

        CommandResult impossible = await RunAsync([.. arguments[..^3], "--vary", "topP=2"]);
        Assert.Equal(CommandRunner.WrongUsage, impossible.ExitCode);
        Assert.Contains("top-p", impossible.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cost_SmallModel_HasAllFigures()
    {
        JsonElement cost = Json(await RunAsync(
            "evaluate", "cost", model.Folder, "--repeat", "1", "--report", InFolder("cost.html"), "--json"))[0].GetProperty("cost");
        Assert.True(cost.GetProperty("contentParameters").GetInt64() > cost.GetProperty("structureParameters").GetInt64());
        Assert.True(cost.GetProperty("contentSeconds").GetDouble() > 0);
        Assert.True(cost.GetProperty("seconds").GetDouble() > 0);
        Assert.Contains("host peak MiB", File.ReadAllText(InFolder("cost.html")), StringComparison.Ordinal);
        CommandResult unknown = await RunAsync("evaluate", "cost", "nvg-d17");
        Assert.Equal(CommandRunner.WrongUsage, unknown.ExitCode);
        Assert.Contains("nvg-d16", unknown.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Precision_ModelAndPreset_ExcludeEachOther()
    {
        CommandResult both = await RunAsync("evaluate", "precision", "--model", model.Folder, "--preset", "nvg-d16");
        Assert.Equal(CommandRunner.WrongUsage, both.ExitCode);
        Assert.Contains("cannot be combined", both.Error, StringComparison.Ordinal);
        CommandResult reference = await RunAsync("evaluate", "precision", "--preset", "nvg-d16", "--reference", model.Folder);
        Assert.Equal(CommandRunner.WrongUsage, reference.ExitCode);
        Assert.Contains("cannot be combined", reference.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Precision_ReferenceWithAnotherTokenizer_IsRefused()
    {
        using NvgModel own = NvgModel.Load(model.Folder);
        using NvgModel other = NvgModel.Random(own.Config, seed: 9);
        NvgModel.Save(InFolder("other"), other.Config, other.Tokenizer.Parameters, other.Generator.Parameters, own.Labels);
        CommandResult result = await RunAsync(
            "evaluate", "precision", "--model", model.Folder, "--reference", InFolder("other"), "--count", "1");
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("different tokenizers or classes", result.Error, StringComparison.Ordinal);
    }

    private string Classifier()
    {
        string folder = InFolder("classifier");
        using var network = new ImageClassifier(Sizes, ParameterSource.Random(1));
        ClassifierModel.Save(folder, new() { Name = "tiny-classifier", Classifier = Sizes }, network.Parameters, TinyModel.Labels);
        return folder;
    }

    private async Task PrepareAsync()
    {
        for (int i = 0; i < 9; i++)
            WriteImage($"source/{TinyModel.Labels[3 + i % 3]}/{i}.png", i + 1);
        await Preparation.RunAsync(ImageSource.Open(InFolder("source")), InFolder("data"), new PreparationOptions { Size = 32 });
    }

    private void WriteImage(string name, int seed, int size = 32)
    {
        var image = new RgbImage(size, size);
        new Random(seed).NextBytes(image.Pixels);
        Directory.CreateDirectory(Path.GetDirectoryName(InFolder(name))!);
        ImageFile.Write(InFolder(name), image);
    }

    private static JsonElement Json(CommandResult result)
    {
        using JsonDocument document = JsonDocument.Parse(result.Output);
        return document.RootElement.Clone();
    }
}
