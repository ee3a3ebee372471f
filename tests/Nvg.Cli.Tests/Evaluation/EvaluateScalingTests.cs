using System.Globalization;
using System.Text.Json;
using Nvg.Cli.Terminal;
using Nvg.Training.Scaling;

namespace Nvg.Cli.Tests;

public class EvaluateScalingTests(TinyModel model) : CommandTests, IClassFixture<TinyModel>
{
    private static readonly PowerLaw Law = new(2, 300, 0.4);

    [Fact]
    public async Task Scaling_RunsOfALaw_FindsItAndSaysHowWellItFits()
    {
        string[] runs = [.. Enumerable.Range(1, 4).Select(WriteRun)];
        CommandResult result = await RunAsync(["evaluate", "scaling", .. runs, "--report", InFolder("scaling.html"), "--json"]);
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        using JsonDocument json = JsonDocument.Parse(result.Output);
        JsonElement fit = json.RootElement.GetProperty("overParameters");
        Assert.Equal(0.4, fit.GetProperty("exponent").GetDouble(), 1e-3);
        Assert.Equal(2, fit.GetProperty("offset").GetDouble(), 1e-2);
        Assert.Equal(4, fit.GetProperty("points").GetInt32());
        Assert.Equal(0, fit.GetProperty("residual").GetDouble(), 1e-6);
        Assert.False(fit.GetProperty("isInterpolation").GetBoolean());
        Assert.Equal(4, json.RootElement.GetProperty("runs").GetArrayLength());
        // Half the compute of each run with the double loss, then the loss of the law: the envelope has no more than these.
        Assert.InRange(json.RootElement.GetProperty("overCompute").GetProperty("points").GetInt32(), 3, 8);
        Assert.Contains("4 points, residual", File.ReadAllText(InFolder("scaling.html")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scaling_ThreeRuns_IsAnInterpolationInTheTable()
    {
        CommandResult result = await RunAsync(["evaluate", "scaling", .. Enumerable.Range(1, 3).Select(WriteRun)]);
        Assert.Equal((CommandRunner.Done, ""), (result.ExitCode, result.Error));
        Assert.Contains("loss over parameters: ", result.Output, StringComparison.Ordinal);
        Assert.Contains("3 points", result.Output, StringComparison.Ordinal);
        Assert.Contains("an interpolation", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scaling_TwoRunsOrNone_SaysWhy()
    {
        CommandResult two = await RunAsync(["evaluate", "scaling", .. Enumerable.Range(1, 2).Select(WriteRun)]);
        Assert.Equal(CommandRunner.Done, two.ExitCode);
        Assert.Contains("loss over parameters: no fit", two.Output, StringComparison.Ordinal);
        CommandResult unknown = await RunAsync("evaluate", "scaling", WriteRun(1), "--term", "nothing");
        Assert.Equal(CommandRunner.UnusableData, unknown.ExitCode);
        Assert.Contains("has no line with 'nothing'", unknown.Error, StringComparison.Ordinal);
    }

    // A run of twice as many blocks as the number says: a warm-up of two lines, ten at the double loss, ten at the loss of the law for
    // its parameters.
    private string WriteRun(int size)
    {
        string folder = InFolder($"d{2 * size}");
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "options.json"), $$"""
            { "name": "r", "tokenizer": {{JsonSerializer.Serialize(model.Folder)}}, "depth": {{2 * size}},
              "training": { "steps": 30, "batchSize": 8, "warmupSteps": 2, "learningRate": 0.001 } }
            """);
        Write(_ => 1);
        double final = Law.At(TrainingCurve.Read(folder).Parameters);
        Write(step => step <= 2 ? 99 : step <= 12 ? 2 * final : final);
        return folder;

        void Write(Func<int, double> loss) => File.WriteAllLines(
            Path.Combine(folder, "stats.jsonl"),
            Enumerable.Range(1, 22).Select(step =>
                string.Create(CultureInfo.InvariantCulture, $$"""{"step": {{step}}, "loss": {{loss(step):R}}}""")));
    }
}
