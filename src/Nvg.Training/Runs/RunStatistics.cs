using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nvg.Training.Runs;

/// <summary>The log lines of a run, <c>stats.jsonl</c>, as series by name.</summary>
internal sealed class RunStatistics
{
    private const string StepName = "step";

    private readonly Dictionary<string, List<(double X, double Y)>> _series = [];

    private RunStatistics(int lines) => Lines = lines;

    /// <summary>Log lines that could be read.</summary>
    internal int Lines { get; private set; }

    /// <summary>Names in the order in which they first came.</summary>
    internal IEnumerable<string> Names => _series.Keys;

    /// <summary>The values of a name over the steps; empty where there is none.</summary>
    internal IReadOnlyList<(double X, double Y)> this[string name] => _series.TryGetValue(name, out List<(double, double)>? points) ? points : [];

    /// <summary>Reads a run's file. A last line that a kill cut off is left out.</summary>
    /// <exception cref="NvgDataException">There is no such file, or it cannot be read.</exception>
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
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, "cannot be read", "name the folder of a run that nvg train wrote");
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

    // Numbers that are not finite stand there as text.
    private static double? Number(JsonValue value) =>
        value.TryGetValue(out double number) ? number
        : value.TryGetValue(out string? text) && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed) ? parsed
        : null;

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
