using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Nvg.Cli.Tests.Documents;

/// <summary>
/// The tables of the model cards are those of <c>models/NAME/measurements.json</c>, and other documents quote the same figures. Run with
/// <c>NVG_RECORD_CARDS=1</c> to write the tables again after a measurement.
/// </summary>
public partial class ModelCardTests
{
    private const string End = "<!-- end of measurements -->";

    public static TheoryData<string> Models => [.. Names];

    private static IEnumerable<string> Names =>
        Directory.GetFiles(Repository.PathOf("models"), "measurements.json", SearchOption.AllDirectories)
            .Select(file => Path.GetFileName(Path.GetDirectoryName(file)!)).Order(StringComparer.Ordinal);

    [Theory]
    [MemberData(nameof(Models))]
    public void Card_OfAModel_HasTheTablesOfItsMeasurements(string name)
    {
        using JsonDocument measured = Read(name);
        string path = Repository.PathOf($"models/{name}/README.md"), card = File.ReadAllText(path);
        string expected = card;
        foreach (JsonProperty table in measured.RootElement.GetProperty("tables").EnumerateObject())
        {
            string start = $"<!-- measurements: {table.Name} -->";
            Assert.Contains(start, card, StringComparison.Ordinal);
            int from = expected.IndexOf(start, StringComparison.Ordinal) + start.Length;
            int to = expected.IndexOf(End, from, StringComparison.Ordinal);
            expected = $"{expected[..from]}\n{Table(table.Value)}{expected[to..]}";
        }

        if (Environment.GetEnvironmentVariable("NVG_RECORD_CARDS") == "1")
            File.WriteAllText(path, card = expected);
        Assert.Equal(expected, card);
    }

    [Theory]
    [MemberData(nameof(Models))]
    public void Documents_ThatQuoteAMeasurement_HaveItsFigure(string name)
    {
        using JsonDocument measured = Read(name);
        JsonElement[] rows = [.. measured.RootElement.GetProperty("tables").EnumerateObject().SelectMany(Rows)];
        foreach (JsonElement quote in measured.RootElement.GetProperty("quotes").EnumerateArray())
        {
            JsonElement row = Assert.Single(rows, r => Text(r, "name") == Text(quote, "row"));
            double value = row.GetProperty("values")[0].GetDouble();
            string figure = value.ToString(Text(quote, "format"), CultureInfo.InvariantCulture);
            string expected = Text(quote, "text").Replace("{}", figure, StringComparison.Ordinal);
            string document = Space().Replace(File.ReadAllText(Repository.PathOf(Text(quote, "document"))), " ");
            Assert.True(document.Contains(expected, StringComparison.Ordinal), $"{Text(quote, "document")} does not say: {expected}");
        }
    }

    [Fact]
    public void Measurements_OfTheSameCommand_Agree()
    {
        // A figure that two cards quote was measured once.
        var seen = new Dictionary<string, (string Name, double Value)>(StringComparer.Ordinal);
        foreach (string name in Names)
        {
            using JsonDocument measured = Read(name);
            foreach (JsonElement row in measured.RootElement.GetProperty("tables").EnumerateObject().SelectMany(Rows))
            {
                // Several figures of one command differ; a classifier's command has one.
                if (!row.TryGetProperty("command", out JsonElement command)
                    || !command.GetString()!.Contains("evaluate classifier", StringComparison.Ordinal))
                    continue;
                string key = command.GetString()!.Replace("./nvg", "nvg", StringComparison.Ordinal);
                double value = row.GetProperty("values")[0].GetDouble();
                if (seen.TryGetValue(key, out (string Name, double Value) other))
                    Assert.True(other.Value.Equals(value), $"{key}: {other.Value} in {other.Name}, {value} in {name}");
                seen[key] = (name, value);
            }
        }

        Assert.NotEmpty(seen);
    }

    private static IEnumerable<JsonElement> Rows(JsonProperty table) => table.Value.GetProperty("rows").EnumerateArray();

    private static string Table(JsonElement table)
    {
        string[] columns = [.. table.GetProperty("columns").EnumerateArray().Select(column => column.GetString()!)];
        JsonElement[] rows = [.. table.GetProperty("rows").EnumerateArray()];
        bool hasCommands = rows.Any(row => row.TryGetProperty("command", out _));
        string[] heading = ["", .. columns, .. hasCommands ? (string[])["command"] : []];
        IEnumerable<string[]> cells = rows.Select((row, i) => Cells(row, hasCommands, i > 0 ? CommandOf(rows[i - 1]) : null));
        IEnumerable<string[]> lines = [heading, [.. heading.Select(_ => "---")], .. cells];
        return string.Concat(lines.Select(line => $"| {string.Join(" | ", line)} |\n")).Replace("|  |", "| |", StringComparison.Ordinal);
    }

    private static string[] Cells(JsonElement row, bool hasCommands, string? before)
    {
        string format = Text(row, "format");
        string error = row.TryGetProperty("error", out JsonElement e)
            ? $" ± {e.GetDouble().ToString(format, CultureInfo.InvariantCulture)}"
            : "";
        IEnumerable<string> values = row.GetProperty("values").EnumerateArray().Select(value => value.ValueKind == JsonValueKind.Null
            ? ""
            : value.GetDouble().ToString(format, CultureInfo.InvariantCulture) + error);
        string own = CommandOf(row) is not { } text ? "" : text == before ? "the same" : $"`{text}`";
        string[] command = hasCommands ? [own] : [];
        return [Text(row, "name"), .. values, .. command];
    }

    private static string? CommandOf(JsonElement row) =>
        row.TryGetProperty("command", out JsonElement command) ? command.GetString() : null;

    private static string Text(JsonElement element, string key) => element.GetProperty(key).GetString()!;

    private static JsonDocument Read(string name) =>
        JsonDocument.Parse(File.ReadAllText(Repository.PathOf($"models/{name}/measurements.json")));

    [GeneratedRegex(@"\s+")]
    private static partial Regex Space();
}
