using System.Text.Json;
using Nvg.Classifiers;
using Nvg.Cli.Terminal;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Torch.Nn;

namespace Nvg.Cli.Tests;

public class EvaluateCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Fact]
    public async Task Samples_ClassifierFeatures_GivesFiguresAndReport()
    {
        SaveClassifier();
        WriteSamples("a.npz", 12, 1);
        WriteSamples("b.npz", 14, 2);
        CommandResult result = await RunAsync(
            "evaluate", "samples", InFolder("a.npz"), "--reference", InFolder("b.npz"), "--features", InFolder("classifier"),
            "--save-reference", InFolder("s.npz"), "--report", InFolder("report.html"), "--json", "--threads", "1");
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement[] metrics = [.. json.RootElement.GetProperty("metrics").EnumerateArray()];
        Assert.Equal("Fréchet distance (features of tiny)", metrics[0].GetProperty("name").GetString());
        Assert.Equal(7, metrics.Length);
        Assert.DoesNotContain("FID", result.Output, StringComparison.Ordinal);
        Assert.Contains("Fréchet distance (features of tiny)", File.ReadAllText(InFolder("report.html")), StringComparison.Ordinal);
        CommandResult again = await RunAsync(
            "evaluate", "samples", InFolder("a.npz"), "--reference", InFolder("s.npz"), "--features", InFolder("classifier"),
            "--metrics", "fid,pr", "--json", "--threads", "1");
        using JsonDocument second = JsonDocument.Parse(again.Output);
        Assert.Equal(
            metrics[0].GetProperty("value").GetDouble(), second.RootElement.GetProperty("metrics")[0].GetProperty("value").GetDouble(),
            1e-9);
        Assert.Equal(5, second.RootElement.GetProperty("metrics").GetArrayLength());
    }

    [Fact]
    public async Task Samples_WrongWeights_IsUnusableDataInOneLine()
    {
        WriteSamples("a.npz", 2, 1);
        using (Tensor tensor = Tensor.Zeros([3]))
            SafetensorsFile.Write(InFolder("w.safetensors"), [new("fc.weight", tensor)]);
        CommandResult result = await RunAsync(
            "evaluate", "samples", InFolder("a.npz"), "--reference", InFolder("a.npz"), "--weights", InFolder("w.safetensors"));
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("does not have the weights of Inception-2015", result.Error, StringComparison.Ordinal);
        Assert.Single(result.Error.TrimEnd().Split('\n'));
    }

    [Theory]
    [InlineData("--metrics", "fids")]
    [InlineData("--resize", "nearest")]
    [InlineData("--limit", "0")]
    [InlineData("--save-reference", "statistics.bin")]
    [InlineData("--batch", "1")]
    public async Task Samples_WrongOption_IsWrongUsage(string option, string value)
    {
        // The last one is right, but names no feature network.
        WriteSamples("a.npz", 2, 1);
        CommandResult result = await RunAsync("evaluate", "samples", InFolder("a.npz"), "--reference", InFolder("a.npz"), option, value);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
    }

    [Fact]
    public async Task Tokenizer_PackedDataset_WritesReportAndImages()
    {
        for (int i = 0; i < 5; i++)
            WriteImage($"source/{i}.png", i);
        await Preparation.RunAsync(
            ImageSource.Open(InFolder("source")), InFolder("packed"), new PreparationOptions { Size = 32, Threads = 1 });
        CommandResult result = await RunAsync(
            "evaluate", "tokenizer", "--model", model.Folder, "--data", InFolder("packed"), "--limit", "4", "--batch", "3",
            "-o", InFolder("out"), "--json", "--threads", "1");
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        using JsonDocument json = JsonDocument.Parse(result.Output);
        Assert.Equal(4, json.RootElement.GetProperty("count").GetInt32());
        Assert.Equal(7, json.RootElement.GetProperty("stages").GetArrayLength());
        Assert.Equal(4, json.RootElement.GetProperty("worst").GetArrayLength());
        Assert.Equal(
            ["best.png", "report.html", "report.json", "worst.png"],
            Directory.GetFiles(InFolder("out")).Select(f => Path.GetFileName(f)).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Tokenizer_TooFewImages_NamesTheFolder()
    {
        Directory.CreateDirectory(InFolder("empty"));
        CommandResult none = await RunAsync(
            "evaluate", "tokenizer", "--model", model.Folder, "--data", InFolder("empty"), "--threads", "1");
        Assert.Equal(CommandRunner.UnusableData, none.ExitCode);
        Assert.Contains("empty: has no images", none.Error, StringComparison.Ordinal);
        WriteImage("one/0.png", 1);
        CommandResult one = await RunAsync("evaluate", "tokenizer", "--model", model.Folder, "--data", InFolder("one"), "--threads", "1");
        Assert.Equal(CommandRunner.UnusableData, one.ExitCode);
        Assert.Contains("one: has only one image", one.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenizer_HalfOfLpips_IsWrongUsage() => Assert.Equal(
        CommandRunner.WrongUsage, (
            await RunAsync("evaluate", "tokenizer", "--model", model.Folder, "--data", InFolder("x"), "--lpips-linear", "x")).ExitCode);

    private void SaveClassifier()
    {
        var config = new ClassifierModelConfig
        {
            Name = "tiny",
            Classifier = new ClassifierConfig { ImageSize = 32, WhiteningChannels = 4, BlockChannels = [4, 4], ClassCount = 2 },
        };
        using var network = new ImageClassifier(config.Classifier, ParameterSource.Random(1));
        ClassifierModel.Save(InFolder("classifier"), config, network.Parameters, ["cat", "dog"]);
    }

    private void WriteSamples(string name, int count, int seed)
    {
        using var writer = new NpzImageWriter(InFolder(name), count, 32, 32);
        for (int i = 0; i < count; i++)
            writer.Append(Image(seed * 100 + i));
        writer.Complete();
    }

    private void WriteImage(string name, int seed)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(InFolder(name))!);
        ImageFile.Write(InFolder(name), Image(seed));
    }

    private static RgbImage Image(int seed)
    {
        var image = new RgbImage(32, 32);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }
}
