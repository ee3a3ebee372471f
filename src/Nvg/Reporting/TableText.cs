namespace Nvg.Reporting;

/// <summary>Writes tables as CSV or Markdown.</summary>
public static class TableText
{
    /// <summary>Comma-separated values (RFC 4180) with LF line endings.</summary>
    public static string Csv(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows) =>
        string.Concat(rows.Prepend(headings).Select(row => string.Join(',', row.Select(CsvCell)) + "\n"));

    /// <summary>A Markdown table; columns after the first are right-aligned.</summary>
    public static string Markdown(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        string Line(IReadOnlyList<string> cells) => $"| {string.Join(" | ", cells.Select(MarkdownCell))} |\n";
        string rule = $"|{string.Concat(headings.Select((_, i) => i == 0 ? " --- |" : " ---: |"))}\n";
        return Line(headings) + rule + string.Concat(rows.Select(Line));
    }

    private static string CsvCell(string cell) =>
        cell.AsSpan().IndexOfAny(",\"\r\n") < 0 ? cell : $"\"{cell.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string MarkdownCell(string cell) =>
        cell.ReplaceLineEndings(" ").Replace("\\", "\\\\", StringComparison.Ordinal).Replace("|", "\\|", StringComparison.Ordinal);
}
