using System.Globalization;
using System.Text.Json.Nodes;

namespace Nvg.Verification.Checks;

/// <summary>The reports of all fixtures of a run, as text and as JSON.</summary>
/// <param name="Fixtures">One report per file.</param>
public sealed record VerificationReport(IReadOnlyList<FixtureReport> Fixtures)
{
    /// <summary>Number of comparisons within tolerance.</summary>
    public int Passed => Fixtures.Sum(f => f.Passed);

    /// <summary>Number of comparisons that are out of tolerance or impossible.</summary>
    public int Failed => Fixtures.Sum(f => f.Failed);

    /// <summary>Number of tensors that were not compared.</summary>
    public int NotCovered => Fixtures.Sum(f => f.NotCovered.Count);

    /// <summary>Whether at least one comparison was made and all passed.</summary>
    public bool Succeeded => Passed > 0 && Failed == 0;

    /// <summary>Writes a paragraph per file with a line per tensor; the last line is <c>N passed, N failed</c>.</summary>
    public void WriteText(TextWriter writer)
    {
        foreach (FixtureReport fixture in Fixtures)
            WriteText(writer, fixture);
        if (NotCovered > 0)
            writer.WriteLine($"{NotCovered} tensors not covered");
        writer.WriteLine($"{Passed} passed, {Failed} failed");
    }

    /// <summary>Writes the paragraph of one file, for runs that show reports as they are completed.</summary>
    public static void WriteText(TextWriter writer, FixtureReport fixture)
    {
        writer.WriteLine(fixture.File);
        int width = fixture.Checks.Select(c => c.Name.Length).DefaultIfEmpty().Max();
        foreach (TensorCheck check in fixture.Checks)
            writer.WriteLine(Line(check, width));
        foreach (IGrouping<string, UncoveredTensor> group in fixture.NotCovered.GroupBy(u => u.Reason))
            writer.WriteLine($"  not covered: {Names(group)}: {group.Key}");
        writer.WriteLine();
    }

    /// <summary>The whole report; values that JSON cannot represent are strings (<c>"NaN"</c>).</summary>
    public JsonObject ToJson() => new()
    {
        ["passed"] = Passed,
        ["failed"] = Failed,
        ["notCovered"] = NotCovered,
        ["fixtures"] = new JsonArray([.. Fixtures.Select(ToJson)]),
    };

    private static JsonNode ToJson(FixtureReport fixture) => new JsonObject
    {
        ["file"] = fixture.File,
        ["checks"] = new JsonArray([.. fixture.Checks.Select(ToJson)]),
        ["notCovered"] = new JsonArray([.. fixture.NotCovered.Select(u => new JsonObject { ["name"] = u.Name, ["reason"] = u.Reason })]),
    };

    private static JsonNode ToJson(TensorCheck check) => new JsonObject
    {
        ["name"] = check.Name,
        ["shape"] = new JsonArray([.. check.Shape.Select(s => JsonValue.Create(s))]),
        ["maxAbsoluteError"] = Number(check.MaxAbsoluteError),
        ["maxRelativeError"] = Number(check.MaxRelativeError),
        ["relativeTolerance"] = check.RelativeTolerance,
        ["absoluteTolerance"] = check.AbsoluteTolerance,
        ["passed"] = check.Passed,
        ["detail"] = check.Detail,
    };

    private static JsonValue Number(double value) =>
        double.IsFinite(value) ? JsonValue.Create(value) : JsonValue.Create(value.ToString(CultureInfo.InvariantCulture));

    private static string Line(TensorCheck check, int width)
    {
        string shape = $"[{string.Join(", ", check.Shape)}]";
        string allowed = check is { RelativeTolerance: 0, AbsoluteTolerance: 0 }
            ? "exact" : $"rtol {check.RelativeTolerance:0.#e+0}, atol {check.AbsoluteTolerance:0.#e+0}";
        string measured = $"max error {check.MaxAbsoluteError:0.0e+0} absolute, {check.MaxRelativeError:0.0e+0} relative";
        return $"  {(check.Passed ? "ok  " : "FAIL")}  {check.Name.PadRight(width)}  {shape,-22}  {measured} "
            + $"({allowed}){(check.Detail is null ? "" : $": {check.Detail}")}";
    }

    // A file that is not covered at all takes one line, regardless of its contents.
    private static string Names(IEnumerable<UncoveredTensor> tensors)
    {
        const int shown = 4;
        string[] names = [.. tensors.Select(t => t.Name)];
        return names.Length <= shown ? string.Join(", ", names) : $"{string.Join(", ", names[..shown])} and {names.Length - shown} more";
    }
}
