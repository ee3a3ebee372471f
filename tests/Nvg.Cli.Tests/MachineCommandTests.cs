using System.Text.Json;
using Nvg.Cli.Arguments;
using Nvg.Cli.Commands;
using Nvg.Cli.Terminal;
using Nvg.Documents;

namespace Nvg.Cli.Tests;

/// <summary>Commands about this machine: doctor, bench, verify.</summary>
public class MachineCommandTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    [Fact]
    public async Task Doctor_CompleteMachine_IsReady()
    {
        CommandResult result = await RunAsync("doctor");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        Assert.Contains("libtorch", result.Output, StringComparison.Ordinal);
        Assert.Contains("GFLOP/s", result.Output, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse((await RunAsync("doctor", "--json")).Output);
        Assert.True(json.RootElement.GetProperty("ready").GetBoolean());
    }

    [Fact]
    public async Task Doctor_SelfTest_FindsTheRecordedImage()
    {
        CommandResult result = await RunAsync("doctor", "--self-test");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Output + result.Error);
        Assert.Contains("ok       tokens            as recorded", result.Output, StringComparison.Ordinal);
        Assert.Contains("ok       image             as recorded", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Doctor_SelfTest_AnotherImage_IsWrong()
    {
        using var shipped = new TinyShippedModel();
        (int rightCode, string right) = await SelfTestAsync(shipped.Folder, await RecordAsync("7"));
        Assert.True(rightCode == CommandRunner.Done, right);
        // The image of seed 8 in the name of seed 7.
        string forged = InFolder("forged.nvg");
        ImageDocument other = ImageDocument.Read(await RecordAsync("8"));
        (other with { Description = other.Description with { Seed = 7 } }).Write(forged);
        (int code, string output) = await SelfTestAsync(shipped.Folder, forged);
        Assert.Equal(CommandRunner.Failed, code);
        Assert.Contains("WRONG    tokens", output, StringComparison.Ordinal);

        async Task<string> RecordAsync(string seed)
        {
            string folder = InFolder(seed);
            await RunAsync("generate", "--model", shipped.Folder, "--class", "river", "--seed", seed, "-o", folder, "--save", folder);
            return Path.Combine(folder, "river", $"{seed}.nvg");
        }
    }

    private static async Task<(int Code, string Output)> SelfTestAsync(string model, string recorded)
    {
        string file = Path.Combine(model, DoctorCommand.RecordedImage);
        // Replaced rather than overwritten: a document that was read may still be mapped.
        File.Delete(file);
        File.Copy(recorded, file);
        string? before = Environment.GetEnvironmentVariable(ModelFolder.Variable);
        Environment.SetEnvironmentVariable(ModelFolder.Variable, model);
        try
        {
            CommandResult result = await RunAsync("doctor", "--self-test");
            return (result.ExitCode, result.Output + result.Error);
        }
        finally
        {
            Environment.SetEnvironmentVariable(ModelFolder.Variable, before);
        }
    }

    [Fact]
    public async Task Bench_TinyModel_TimesEveryPart()
    {
        CommandResult result = await RunAsync(
            "bench", "--model", model.Folder, "--threads", "1", "--repeat", "1", "--batch", "2", "--json");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement[] timings = [.. json.RootElement.GetProperty("timings").EnumerateArray()];
        Assert.Equal(14, timings.Length);
        Assert.All(timings, t => Assert.True(t.GetProperty("perSecond").GetDouble() > 0));
        Assert.NotEqual("", json.RootElement.GetProperty("machine").GetProperty("processor").GetString());
        if (OperatingSystem.IsLinux())
            Assert.InRange(json.RootElement.GetProperty("peakMemoryMiB").GetDouble(), 10, 100_000);
    }

    [Fact]
    public async Task Bench_Serve_TimesRealRequests()
    {
        CommandResult result = await RunAsync(
            "bench", "--model", model.Folder, "--serve", "6", "--threads", "1", "--batch", "3", "--json");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement speed = json.RootElement, batched = speed.GetProperty("batched");
        Assert.Equal((6, 3), (speed.GetProperty("images").GetInt32(), batched.GetProperty("batch").GetInt32()));
        Assert.True(batched.GetProperty("perSecond").GetDouble() > 0);
        foreach (string figure in (string[])["httpMilliseconds", "firstPreviewSeconds", "stageSeconds"])
            Assert.True(speed.GetProperty(figure).GetDouble() > 0, figure);
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync("bench", "--model", model.Folder, "--serve", "-1")).ExitCode);
    }

    [Fact]
    public async Task Bench_TrainingAndProfile_NameWhatRuns()
    {
        CommandResult result = await RunAsync(
            "bench", "--model", model.Folder, "--threads", "1", "--repeat", "1", "--batch", "2", "--images-only", "--training",
            "--profile", InFolder("profile"), "--json");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        using JsonDocument json = JsonDocument.Parse(result.Output);
        Assert.Equal(
            ["generate 1", "generate 2", "training step 2"],
            json.RootElement.GetProperty("timings").EnumerateArray().Select(t => $"{t.GetProperty("name")} {t.GetProperty("batch")}"));
        string[] step = await File.ReadAllLinesAsync(InFolder("profile/training-step-2.operators.tsv"));
        Assert.Equal("operator\tcalls\tseconds\twaits", step[0]);
        Assert.Contains(step, line => line.StartsWith("nvg::attention_mlp_backward\t", StringComparison.Ordinal));
        Assert.DoesNotContain(step, line => line.EndsWith("\tyes", StringComparison.Ordinal));
        Assert.True(File.Exists(InFolder("profile/generate-1.operators.tsv")));
    }

    [Fact]
    public async Task Bench_Preset_IsNamedOrExplained()
    {
        CommandResult training = await RunAsync("bench", "--model", model.Folder, "--training", "--dtype", "int8");
        Assert.Equal(CommandRunner.WrongUsage, training.ExitCode);
        Assert.Contains("int8 is for generating images", training.Error, StringComparison.Ordinal);
        foreach (string[] wrong in (string[][])[["--model", model.Folder], ["--preset", "var-d16"], ["--preset", "vq-f16-d32"]])
        {
            CommandResult distilled = await RunAsync(["bench", .. wrong, "--distilled", "content"]);
            Assert.Equal(CommandRunner.WrongUsage, distilled.ExitCode);
            Assert.Contains("--distilled", distilled.Error, StringComparison.Ordinal);
        }

        CommandResult part = await RunAsync("bench", "--preset", "nvg-d12", "--distilled", "tokenizer");
        Assert.Equal(CommandRunner.WrongUsage, part.ExitCode);
        Assert.Contains("--distilled takes one of structure, content, not 'tokenizer'", part.Error, StringComparison.Ordinal);
        CommandResult unknown = await RunAsync("bench", "--preset", "nvg-d61");
        Assert.Equal(CommandRunner.WrongUsage, unknown.ExitCode);
        Assert.StartsWith("nvg: no preset 'nvg-d61': did you mean nvg-d16", unknown.Error, StringComparison.Ordinal);
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync("bench", "--preset", "nvg-d16", "--model", model.Folder)).ExitCode);
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync("bench", "--preset", "vq-f16-d32", "--soak", "1")).ExitCode);
    }

    [Fact]
    public async Task Verify_NoFixtures_IsUnusableData()
    {
        Directory.CreateDirectory(InFolder("empty"));
        Assert.Equal(CommandRunner.UnusableData, (await RunAsync("verify", InFolder("empty"))).ExitCode);
    }

    [Fact]
    public async Task Verify_Fixture_PassesAndDamagedFails()
    {
        Directory.CreateDirectory(InFolder("fixtures"));
        File.Copy(ReferenceFixtures.Path("sampling.safetensors"), InFolder("fixtures/sampling.safetensors"));
        CommandResult passed = await RunAsync("verify", InFolder("fixtures"), "--threads", "1");
        Assert.Equal(CommandRunner.Done, passed.ExitCode);
        Assert.EndsWith("0 failed", passed.Output.TrimEnd(), StringComparison.Ordinal);
        await File.WriteAllTextAsync(InFolder("fixtures/quantizer.safetensors"), "damaged");
        CommandResult failed = await RunAsync("verify", InFolder("fixtures"), "--threads", "1", "--json");
        Assert.Equal(CommandRunner.Failed, failed.ExitCode);
        using JsonDocument json = JsonDocument.Parse(failed.Output);
        Assert.Equal(1, json.RootElement.GetProperty("failed").GetInt32());
    }

    [Fact]
    public async Task Command_None_ListsAll()
    {
        CommandResult result = await RunAsync();
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        Assert.Contains("nvg [command] [options]", result.Output, StringComparison.Ordinal);
        Assert.All(Root.Create().Subcommands, command => Assert.Contains($"\n  {command.Name} ", result.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("generate", "--count", "many", "--count takes a whole number, not 'many'")]
    [InlineData("generate", "--batch", "x", "--batch takes a whole number, not 'x'")]
    [InlineData("generate", "--count", "99999999999", "--count takes a whole number up to 2147483647, not '99999999999'")]
    [InlineData("generate", "--count", "-99999999999", "--count takes a whole number from -2147483648, not '-99999999999'")]
    [InlineData("generate", "--seed", "-1", "--seed takes a whole number from 0 to 18446744073709551615, not '-1'")]
    [InlineData("generate", "--seed", "1.5", "--seed takes a whole number from 0, not '1.5'")]
    [InlineData("generate", "--temperature", "hot", "--temperature takes a number, not 'hot'")]
    public async Task Option_NoNumber_IsSaidPlainly(string command, string option, string value, string expected)
    {
        CommandResult result = await RunAsync(command, option, value, "-o", "x.png");
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.StartsWith($"nvg: {expected} (", result.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("there is no command 'genrate'; did you mean generate? (nvg --help shows the commands)", "genrate", "--class", "horse")]
    [InlineData(
        "there is no command 'sampels'; did you mean samples? (nvg evaluate --help shows the commands)", "evaluate", "sampels", "x.npz")]
    [InlineData("there is no command 'paint' (nvg --help shows the commands)", "paint")]
    [
        InlineData("there is no option '--sed'; did you mean --seed? (nvg generate --help shows the options)", "generate", "--sed", "1",
        "-o", "a.png")]
    [InlineData("there is no option '--colourful' (nvg generate --help shows the options)", "generate", "--colourful")]
    [
        InlineData("--keep takes one of structure, content, both, not 'all' (nvg generate --help shows the options)", "generate", "--keep",
        "all", "-o", "a.png")]
    [InlineData(
        "--count takes a whole number, not 'many' (nvg generate --help shows the options)", "generate", "--count", "many", "-o", "a.png")]
    public async Task WhatIsMisspelt_IsNamedWithTheNearest(string expected, params string[] args)
    {
        CommandResult result = await RunAsync(args);
        Assert.Equal(CommandRunner.WrongUsage, result.ExitCode);
        Assert.Equal($"nvg: {expected}", result.Error.TrimEnd());
    }

    [Fact]
    public void ModelThatShips_IsFoundByItsNameAlone()
    {
        Assert.True(File.Exists(Path.Combine(ModelFolder.Locate("cifar10-classifier"), "config.json")));
        foreach (string other in new[] { "./cifar10-classifier", "nowhere", Path.GetTempPath() })
            Assert.Equal(other, ModelFolder.Locate(other));
    }

    [Fact]
    public async Task Help_OfACommand_IsThatOfItsOption()
    {
        CommandResult result = await RunAsync("help", "train", "tokenizer");
        Assert.Equal(CommandRunner.Done, result.ExitCode);
        Assert.Contains("tokenizer [options]", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Bench_Decode_CountsImagesPerSecondAndCore()
    {
        Tiny.Prepare(InFolder("images"), InFolder("data"));
        CommandResult result = await RunAsync(
            "bench", "--decode", InFolder("images"), "--size", "8", "--repeat", "1", "--threads", "1", "--json");
        Assert.True(result.ExitCode == CommandRunner.Done, result.Error);
        using JsonDocument json = JsonDocument.Parse(result.Output);
        Assert.Equal(12, json.RootElement.GetProperty("images").GetInt32());
        Assert.True(json.RootElement.GetProperty("perSecondAndCore").GetDouble() > 0);
        Assert.Equal(CommandRunner.WrongUsage, (await RunAsync("bench", "--decode", InFolder("images"), "--size", "0")).ExitCode);
    }
}
