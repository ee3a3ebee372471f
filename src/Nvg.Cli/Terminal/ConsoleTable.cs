using Spectre.Console;

namespace Nvg.Cli.Terminal;

/// <summary>Writes tables to standard output.</summary>
internal static class ConsoleTable
{
    // Wide enough for every table, because a file or a pipe has no width.
    private const int UnlimitedWidth = 1000;

    /// <summary>Writes a table. Columns of numbers are aligned right.</summary>
    internal static void Write(string[] headings, IEnumerable<string[]> rows)
    {
        string[][] cells = [.. rows];
        var table = new Table { Border = TableBorder.Rounded };
        for (int i = 0; i < headings.Length; i++)
        {
            bool isNumeric = i > 0 && cells.All(row => IsNumeric(row[i]));
            table.AddColumn(new TableColumn(Cell(headings[i])) { Alignment = isNumeric ? Justify.Right : Justify.Left });
        }

        foreach (string[] row in cells)
            table.AddRow(Array.ConvertAll(row, Cell));
        // Uses the current standard output, because the library's own console keeps the first one that it saw.
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = UnlimitedWidth;
        FileFailure.Writing("standard output", () => console.Write(table));
    }

    private static bool IsNumeric(string cell) =>
        cell.Length == 0 || char.IsAsciiDigit(cell[0]) || "-−+∞N".Contains(cell[0], StringComparison.Ordinal);

    private static string Cell(string text) => Markup.Escape(ConsoleText.Escape(text));
}
