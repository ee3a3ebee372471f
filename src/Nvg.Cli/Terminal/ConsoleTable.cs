using Spectre.Console;

namespace Nvg.Cli.Terminal;

/// <summary>Writes tables to standard output.</summary>
internal static class ConsoleTable
{
    // Wide enough for every table: a file or a pipe has no width.
    private const int UnlimitedWidth = 1000;

    /// <summary>Writes a table. Columns after the first are for numbers and are aligned right.</summary>
    internal static void Write(string[] headings, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        for (int i = 0; i < headings.Length; i++)
            table.AddColumn(new TableColumn(Cell(headings[i])) { Alignment = i == 0 ? Justify.Left : Justify.Right });
        foreach (string[] row in rows)
            table.AddRow(Array.ConvertAll(row, Cell));
        // The current standard output: the library's own console keeps the first one that it saw.
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) });
        if (Console.IsOutputRedirected)
            console.Profile.Width = UnlimitedWidth;
        console.Write(table);
    }

    private static string Cell(string text) => Markup.Escape(ConsoleText.Escape(text));
}
