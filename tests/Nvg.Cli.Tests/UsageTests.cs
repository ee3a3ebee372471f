using Nvg.Cli.Terminal;

namespace Nvg.Cli.Tests;

/// <summary>What the command line says about its wrong use. None of it may be the words of the parser.</summary>
public class UsageTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Theory]
    [InlineData("-o is empty", "generate", "--class", "cat", "-o", "")]
    [InlineData("--save is empty", "generate", "--class", "cat", "--save", "", "-o", "x.png")]
    [InlineData("--structure is empty", "generate", "--structure", "", "-o", "x.png")]
    [InlineData("--model is empty", "generate", "--model", "", "-o", "x.png")]
    [InlineData("the argument <source> is empty", "prepare", "", "-o", "d")]
    [InlineData("-o is empty", "prepare", "pictures", "-o", "")]
    [InlineData("the argument <images> is empty", "reconstruct", "")]
    [InlineData("--config is empty", "train", "tokenizer", "--config", "", "--data", "d", "-o", "r")]
    [InlineData("--data is empty", "evaluate", "tokenizer", "--data", "")]
    [InlineData("the argument <samples> is empty", "evaluate", "samples", "", "--reference", "d")]
    [InlineData("the argument <files> is empty", "sample", "merge", "", "-o", "x.npz")]
    [InlineData("the argument <source> is empty", "convert", "", "-o", "m")]
    [InlineData("--decode is empty", "bench", "--decode", "")]
    [InlineData("the argument <path> is empty", "show", "")]
    [InlineData("the argument <RUN> is empty", "report", "")]
    [InlineData("the argument <fixtures> is empty", "verify", "")]
    [InlineData("there is no option '--stage'; did you mean --stages?", "reconstruct", "photo.jpg", "--stage")]
    [InlineData("there is no option '--outputdir'", "evaluate", "cost", "nvg-d16", "--outputdir", "x")]
    [InlineData(
        "there is no option '--bogus'", "train", "tokenizer", "--config", "a", "--data", "b", "-o", "c", "--set", "a=1", "--bogus", "3")]
    [InlineData(
        "--class can be given only once; separate several values by commas", "generate", "--class", "cat", "--class", "dog", "-o", "x.png")]
    [InlineData("unexpected argument 'horse'; a class is given as --class horse", "generate", "horse", "-o", "x.png")]
    [InlineData(
        "'train' needs images to train on, or one of the commands tokenizer, generator, var-tokenizer, var, classifier", "train")]
    [InlineData("there is no command 'fid'; it is a metric of nvg evaluate samples --metrics fid", "evaluate", "fid")]
    [InlineData("the option -o/--output FILE.npz is missing", "sample")]
    [InlineData("--seed needs a value", "generate", "-o", "x.png", "--seed")]
    [InlineData("--class needs a value", "generate", "--class", "-o", "x.png")]
    [InlineData("--seed needs a value", "generate", "--seed", "--count", "2", "-o", "x.png")]
    [InlineData("the argument <source> is missing", "prepare", "-o", "d")]
    [InlineData("--lpips takes one of vgg, alex, squeeze, not 'vgg16'", "evaluate", "tokenizer", "--data", "d", "--lpips", "vgg16")]
    [InlineData("--resize takes one of tf1, clean, pytorch, not 'bicubic'", "evaluate", "tokenizer", "--data", "d", "--resize", "bicubic")]
    [InlineData("--dtype takes one of float32, bfloat16, int8, not 'half'", "generate", "-o", "x.png", "--dtype", "half")]
    [InlineData("--dtype takes one of float32, bfloat16, not 'int8'", "convert", "m.pth", "-o", "m", "--dtype", "int8")]
    [InlineData("--dtype takes one of float32, bfloat16, not 'int8'", "verify", "fixtures", "--dtype", "int8")]
    [InlineData("--dtype takes one of float32, bfloat16, int8, not 'float64'", "evaluate", "precision", "--dtype", "float64")]
    [InlineData("--progress takes one of auto, plain, json, none, not 'loud'", "generate", "-o", "x.png", "--progress", "loud")]
    public async Task Usage_Wrong_IsNamedInOneLine(string expected, params string[] arguments)
    {
        CommandResult result = await RunAsync(arguments);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        string line = Assert.Single(result.Error.TrimEnd().Split('\n'));
        Assert.StartsWith($"nvg: {expected} (nvg", line, StringComparison.Ordinal);
        Assert.Equal("", result.Output);
    }

    [Theory]
    [InlineData("--port must be between 0 and 65535, not 70000", "--port", "70000")]
    [InlineData("--port and --urls cannot be combined", "--port", "5081", "--urls", "http://127.0.0.1:5080")]
    public async Task Serve_WithAWrongPort_SaysSo(string expected, params string[] arguments)
    {
        CommandResult result = await RunAsync(["serve", "--model", model.Folder, .. arguments]);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.StartsWith($"nvg: {expected}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Usage_FileThatBeginsWithADash_IsTakenAfterTwoDashes()
    {
        CommandResult result = await RunAsync("reconstruct", "--model", model.Folder, "--", "--stage");
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("--stage: no such file", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("training.step=10", "--set training.step: there is no setting 'step' in training; did you mean steps")]
    [InlineData("trainig.steps=10", "--set trainig.steps: there is no setting 'trainig'; did you mean training")]
    [InlineData("training.steps", "--set takes key=value")]
    public async Task Set_UnknownKey_IsNamedWithTheNearest(string assignment, string expected)
    {
        CommandResult result = await RunAsync(
            "train", "tokenizer", "--config", "c.json", "--data", "d", "-o", InFolder("r"), "--set", assignment);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.StartsWith($"nvg: {expected}", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("tokenizer", "cifar10-generator", "for nvg train generator or var, not for nvg train tokenizer")]
    [InlineData("generator", "cifar10-tokenizer", "for nvg train tokenizer, not")]
    [InlineData("classifier", "eurosat-var-tokenizer", "for nvg train var-tokenizer, not")]
    [InlineData("var", "cifar10-classifier", "for nvg train classifier, not")]
    public async Task Train_SettingsOfAnotherRun_AreNamed(string command, string config, string expected)
    {
        CommandResult result = await RunAsync(
            "train", command, "--config", Repository.PathOf($"configs/{config}.json"), "--data", InFolder("data"), "-o", InFolder("run"));
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model folder not found; nvg models lists", "generate", "--model", "models/none", "-o", "x.png")]
    [InlineData("take 32 or 64", "train", "tokenizer", "--config", "TOKENIZER", "--set", "tokenizer.imageSize=48",
        "--data", "d", "-o", "r")]
    [InlineData("use the published weights", "evaluate", "tokenizer", "--data", "d", "--lpips-backbone", "vgg.pth",
        "--lpips-linear", "l.pth")]
    public async Task Refusal_OfWhatIsMissing_SaysWhatToDo(string expected, params string[] arguments)
    {
        string[] command = [.. arguments.Select(a => a == "TOKENIZER" ? Repository.PathOf("configs/cifar10-tokenizer.json") : a)];
        CommandResult result = await RunAsync(command);
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Names_WithControlCharacters_AreEscaped()
    {
        CommandResult result = await RunAsync("show", InFolder("a\e[2J\u202eb.nvg"));
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains("a\\x1b[2J\\u202eb.nvg", result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', result.Error);
    }

    [Theory]
    [InlineData("a.safetensors", "version https://git-lfs.github.com/spec/v1\noid sha256:4b\n", "is a Git LFS pointer")]
    [InlineData("a.ckpt", "<!DOCTYPE html>\n<html><title>Sign in</title>", "is a web page")]
    [InlineData("a.ckpt", "", "is empty")]
    [InlineData("a.png", "<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\"/>", "is in SVG format")]
    [InlineData("a.jpg", "BM6", "is in BMP format")]
    [InlineData("a.jpg", "version https://git-lfs.github.com/spec/v1\n", "git lfs pull")]
    public async Task File_ThatIsSomethingElse_IsSaidToBeThat(string name, string content, string expected)
    {
        await File.WriteAllTextAsync(InFolder(name), content);
        bool isImage = Path.GetExtension(name) is ".png" or ".jpg";
        CommandResult result = isImage
            ? await RunAsync("reconstruct", "--model", model.Folder, InFolder(name))
            : await RunAsync("convert", InFolder(name), "-o", InFolder("model"));
        Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
        Assert.Contains(expected, Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
    }

    [Fact]
    public void TolerantWriter_BrokenStream_DropsTheText()
    {
        using var gone = new FullDisk();
        using var writer = new TolerantWriter(gone);
        writer.WriteLine("lost");
        writer.Write('c');
        writer.Flush();
    }

    private sealed class FullDisk : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left on device");

        public override void WriteLine(string? value) => throw new IOException("No space left on device");

        public override void Flush() => throw new IOException("No space left on device");
    }
}
