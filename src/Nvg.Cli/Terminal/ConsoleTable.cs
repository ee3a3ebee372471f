using Spectre.Console;

namespace Nvg.Cli.Terminal;

/// <summary>Tables on standard output.</summary>
internal static class ConsoleTable
{
    /// <summary>Prints a table; numbers belong into the columns after the first.</summary>
    internal static void Write(string[] headings, IEnumerable<string[]> rows)
    {
        var table = new Table { Border = TableBorder.Rounded };
        for (int i = 0; i < headings.Length; i++)
            table.AddColumn(new TableColumn(Markup.Escape(headings[i])) { Alignment = i == 0 ? Justify.Left : Justify.Right });
        foreach (string[] row in rows)
            table.AddRow(Array.ConvertAll(row, Markup.Escape));
        // Standard output as it is now: the library's own console keeps the first that it saw.
        AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Out) }).Write(table);
    }
}
