using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nvg.Training.Runs;

/// <summary>The log lines of a run (<c>stats.jsonl</c>) as series by name.</summary>
internal sealed class RunStatistics
{
    private const string StepName = "step";

    private readonly Dictionary<string, List<(double X, double Y)>> _series = [];

    private RunStatistics(int lines) => Lines = lines;

    /// <summary>Number of readable log lines.</summary>
    internal int Lines { get; private set; }

    /// <summary>Names in the order of their first appearance.</summary>
    internal IEnumerable<string> Names => _series.Keys;

    /// <summary>The values of a name over the steps; empty if there are none.</summary>
    internal IReadOnlyList<(double X, double Y)> this[string name] =>
        _series.TryGetValue(name, out List<(double, double)>? points) ? points : [];

    /// <summary>Reads the statistics of a run. A truncated last line is ignored.</summary>
    /// <exception cref="NvgDataException">The file is missing or cannot be read.</exception>
    internal static RunStatistics Read(string folder)
    {
        string path = Path.Combine(folder, "stats.jsonl");
        try
        {
            var statistics = new RunStatistics(0);
            foreach (string line in File.ReadLines(path))
                statistics.Add(line);
            return statistics;
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw NvgDataException.At(path, "cannot be read", "give a run folder written by nvg train");
        }
    }

    /// <summary>The last value of a name, or null.</summary>
    internal double? Last(string name) => this[name] is { Count: > 0 } points ? points[^1].Y : null;

    private void Add(string line)
    {
        if (Parse(line) is not { } values || values[StepName] is not JsonValue stepValue || !stepValue.TryGetValue(out double step))
            return;
        Lines++;
        foreach ((string name, JsonNode? node) in values)
        {
            if (name == StepName || node is not JsonValue value || Number(value) is not { } number)
                continue;
            if (!_series.TryGetValue(name, out List<(double X, double Y)>? points))
                _series[name] = points = [];
            points.Add((step, number));
        }
    }

    // Infinite values and NaN are stored as text.
    private static double? Number(JsonValue value) =>
        value.TryGetValue(out double number) ? number
        : value.TryGetValue(out string? text) && TryParse(text, out double parsed) ? parsed
        : null;

    private static bool TryParse(string text, out double parsed) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out parsed);

    private static JsonObject? Parse(string line)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
