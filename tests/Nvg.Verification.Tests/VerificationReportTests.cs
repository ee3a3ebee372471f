using System.Text.Json.Nodes;
using Nvg.Verification.Checks;

namespace Nvg.Verification.Tests;

public class VerificationReportTests
{
    private static readonly VerificationReport Report = new(
    [
        new FixtureReport("a.safetensors",
            [
                new TensorCheck("x", [2, 3], 1e-7, 2e-6, 1e-5, 1e-5, true, null),
                new TensorCheck("y", [1], double.NaN, double.PositiveInfinity, 0, 0, false, "1 of 1 differ"),
            ],
            [new UncoveredTensor("z", "nobody asked")]),
        new FixtureReport("b.safetensors", [], [.. Enumerable.Range(0, 9).Select(i => new UncoveredTensor($"t{i}", "unknown kind"))]),
    ]);

    [Fact]
    public void WriteText_EndsWithCounts()
    {
        using var text = new StringWriter();
        Report.WriteText(text);
        string[] lines = text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal("1 passed, 1 failed", lines[^1].Trim());
        Assert.Equal("10 tensors not covered", lines[^2].Trim());
        Assert.Contains(lines, l => l.Contains("FAIL  y", StringComparison.Ordinal) && l.Contains(
            "NaN", StringComparison.Ordinal) && l.Contains("1 of 1 differ", StringComparison.Ordinal));
        Assert.Contains(lines, l => l.Contains("t0, t1, t2, t3 and 5 more: unknown kind", StringComparison.Ordinal));
    }

    [Fact]
    public void ToJson_HoldsEveryCheck_NumbersWithoutFormAsText()
    {
        JsonNode json = JsonNode.Parse(Report.ToJson().ToJsonString())!;
        Assert.Equal(1, (int)json["passed"]!);
        Assert.Equal(1, (int)json["failed"]!);
        JsonNode check = json["fixtures"]![0]!["checks"]![1]!;
        Assert.Equal("y", (string)check["name"]!);
        Assert.Equal("NaN", (string)check["maxAbsoluteError"]!);
        Assert.Equal("Infinity", (string)check["maxRelativeError"]!);
        Assert.False((bool)check["passed"]!);
        Assert.Equal([2, 3], json["fixtures"]![0]!["checks"]![0]!["shape"]!.AsArray().Select(n => (int)n!));
        Assert.Equal(9, json["fixtures"]![1]!["notCovered"]!.AsArray().Count);
    }

    [Fact]
    public void Succeeded_NothingCompared_IsFalse() =>
        Assert.False(new VerificationReport([new FixtureReport("c.safetensors", [], [])]).Succeeded);
}
