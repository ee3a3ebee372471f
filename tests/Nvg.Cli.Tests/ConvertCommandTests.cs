using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Torch;
using Nvg.Torch.Files.PyTorch;

namespace Nvg.Cli.Tests;

public sealed class ConvertCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Fact]
    public async Task Convert_ThereAndBack_GivesTheSameFiles()
    {
        CommandResult there = await RunAsync("convert", model.Folder, "-o", InFolder("x.pth"));
        Assert.Equal((CommandRunner.Done, ""), (there.ExitCode, there.Error));
        Assert.Contains("structure", there.Output, StringComparison.Ordinal);
        CommandResult back = await RunAsync("convert", InFolder("x.pth"), "-o", InFolder("model"));
        Assert.Equal((CommandRunner.Done, ""), (back.ExitCode, back.Error));
        Assert.Contains("final weights: the file has no averaged weights", back.Output, StringComparison.Ordinal);
        foreach (string file in new[] { "config.json", "labels.txt", "tokenizer.safetensors", "generator.safetensors" })
            Assert.Equal(File.ReadAllBytes(Path.Combine(model.Folder, file)), File.ReadAllBytes(InFolder($"model/{file}")));
        Assert.Contains("`x.pth`", File.ReadAllText(InFolder("model/README.md")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Convert_Json_CountsParameters()
    {
        CommandResult result = await RunAsync("convert", model.Folder, "-o", InFolder("x.pth"), "--json");
        using JsonDocument json = JsonDocument.Parse(result.Output);
        Assert.Equal("tiny", json.RootElement.GetProperty("name").GetString());
        Assert.All(["encoder", "decoder", "quantizer", "content", "structure"], group => Assert.True(
            json.RootElement.GetProperty("parameters").GetProperty(group).GetInt64() > 0));
        Assert.Equal("generator", json.RootElement.GetProperty("sources")[1].GetProperty("part").GetString());
    }

    [Fact]
    public async Task Convert_OutputThatExists_IsTouchedOnlyWhenTold()
    {
        Assert.Equal(CommandRunner.Done, (await RunAsync("convert", model.Folder, "-o", InFolder("a.pth"))).ExitCode);
        byte[] before = File.ReadAllBytes(InFolder("a.pth"));
        CommandResult again = await RunAsync("convert", model.Folder, "-o", InFolder("a.pth"));
        Assert.Equal(CommandRunner.WrongUsage, again.ExitCode);
        Assert.Contains("--overwrite", again.Error, StringComparison.Ordinal);
        Directory.CreateDirectory(InFolder("taken"));
        File.WriteAllText(Path.Combine(InFolder("taken"), "notes.txt"), "mine");
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync("convert", InFolder("a.pth"), "-o", InFolder("taken"))).ExitCode);
        Assert.Equal(["notes.txt"], Directory.GetFiles(InFolder("taken")).Select(Path.GetFileName));
        Assert.Equal(CommandRunner.Done, (await RunAsync("convert", model.Folder, "-o", InFolder("a.pth"), "--overwrite")).ExitCode);
        Assert.Equal(before.Length, new FileInfo(InFolder("a.pth")).Length);
    }

    [Fact]
    public async Task Convert_ContradictoryArguments_AreWrongUsage()
    {
        await RunAsync("convert", model.Folder, "-o", InFolder("x.pth"));
        File.Copy(InFolder("x.pth"), InFolder("y.pth"));
        foreach ((string[] arguments, string words) in new (string[], string)[]
        {
            ([model.Folder, "-o", InFolder("other")], "must end in"),
            ([model.Folder, InFolder("x.pth"), "-o", InFolder("z.pth")], "not both"),
            ([model.Folder, "-o", InFolder("z.pth"), "--ema"], "--ema is for checkpoints"),
            ([InFolder("x.pth"), InFolder("y.pth"), "-o", InFolder("other")], "both hold a tokenizer"),
            ([InFolder("x.pth"), "-o", InFolder("z.pth")], "the name of a checkpoint"),
            ([InFolder("x.pth"), "-o", Path.GetDirectoryName(InFolder("x.pth"))!], "is inside the output folder"),
            ([InFolder("x.pth"), "-o", InFolder("other"), "--ema", "--no-ema"], "cannot be combined"),
            ([InFolder("x.pth"), "-o", InFolder("other"), "--preset", "nvg-d99"], "nvg-d12"),
            ([InFolder("x.pth"), "-o", InFolder("other"), "--dtype", "float8"], "float8"),
        })
        {
            CommandResult result = await RunAsync(["convert", .. arguments]);
            Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
            Assert.Contains(words, Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }

        Assert.False(Directory.Exists(InFolder("other")));
    }

    [Fact]
    public async Task Convert_UnusableFiles_SayWhyInOneLine()
    {
        using (Tensor tensor = Tensor.Zeros([2]))
            PyTorchFile.Write(InFolder("stray.pth"), new Dictionary<string, Tensor> { ["fc.weight"] = tensor });
        // What a hostile file looks like: a call of os.system.
        File.WriteAllBytes(InFolder("hostile.pth"), [
            0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, (byte)'.', 0x80, 2, .. "cos\nsystem\n."u8]);
        foreach ((string[] arguments, string words) in new (string[], string)[]
        {
            ([InFolder("none.pth")], "does not exist"),
            ([InFolder("stray.pth")], "none of its 1 tensors"),
            ([InFolder("hostile.pth")], "os.system"),
        })
        {
            CommandResult result = await RunAsync(["convert", .. arguments, "-o", InFolder("other")]);
            Assert.Equal(CommandRunner.UnusableData, result.ExitCode);
            Assert.Contains(words, Assert.Single(result.Error.TrimEnd().Split('\n')), StringComparison.Ordinal);
        }
    }
}
