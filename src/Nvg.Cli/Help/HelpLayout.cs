using System.CommandLine;
using System.Text;
using System.Text.RegularExpressions;

namespace Nvg.Cli.Help;

/// <summary>Arranges the help of a command: options in groups, and lines that fit the width of the terminal.</summary>
internal sealed partial class HelpLayout
{
    private const int Indent = 2, Gap = 2, WidestLeft = 28, NarrowestWidth = 60;

    private readonly StringBuilder _text = new();
    private readonly Command _command;
    private readonly int _width;

    private HelpLayout(Command command, int width) => (_command, _width) = (command, Math.Max(width, NarrowestWidth));

    /// <summary>The help, arranged.</summary>
    /// <param name="help">The default help, with a line for every option.</param>
    /// <param name="command">The command that the help describes.</param>
    /// <param name="width">Columns of the terminal.</param>
    internal static string Arrange(string help, Command command, int width)
    {
        var layout = new HelpLayout(command, width);
        foreach (string section in help.ReplaceLineEndings("\n").Split("\n\n", StringSplitOptions.RemoveEmptyEntries))
            layout.Add(section.Trim('\n'));
        return layout._text.ToString();
    }

    /// <summary>Examples of a command, with the comment above the command where the line would be too long.</summary>
    internal static string Examples(IReadOnlyList<HelpExample> examples, int width)
    {
        var text = new StringBuilder("Examples:\n");
        int longest = examples.Max(example => example.Command.Length);
        bool isBeside = examples.All(example => Indent + longest + Gap + example.Comment.Length <= width);
        foreach (HelpExample example in examples)
        {
            if (!isBeside && example.Comment.Length > 0)
                text.Append(null, $"  # {example.Comment}\n");
            string beside = isBeside ? example.Comment : "";
            text.Append($"  {example.Command.PadRight(longest + Gap)}{beside}".TrimEnd()).Append('\n');
        }

        return text.Append('\n').ToString();
    }

    private void Add(string section)
    {
        string[] lines = section.Split('\n');
        switch (lines[0])
        {
            case "Options:":
                AddOptions(Rows(lines));
                break;
            // The arguments of a parent command.
            case "Arguments:" when _command.Arguments.Count == 0:
                break;
            case "Arguments:" or "Commands:":
                AddRows(lines[0], Rows(lines), LeftColumn(Rows(lines)));
                break;
            default:
                _text.Append(WithoutForeignArguments(section)).Append("\n\n");
                break;
        }
    }

    private void AddOptions(List<Row> rows)
    {
        int left = LeftColumn(rows);
        foreach ((string heading, IReadOnlyList<int> options) in OptionGroups.Of(_command, [.. rows.Select(row => NameOf(row.Left))]))
            AddRows(heading, [.. options.Select(i => rows[i])], left);
    }

    private void AddRows(string heading, List<Row> rows, int left)
    {
        _text.Append(heading).Append('\n');
        foreach (Row row in rows)
        {
            string line = new string(' ', Indent) + row.Left;
            // An entry that is too long for its column gets its own line.
            if (row.Left.Length > left)
            {
                _text.Append(line).Append('\n');
                line = "";
            }

            int column = Indent + left + Gap;
            foreach (string part in Wrapped(row.Right, _width - column))
            {
                _text.Append($"{line.PadRight(column)}{part}".TrimEnd()).Append('\n');
                line = "";
            }
        }

        _text.Append('\n');
    }

    // Without a limit every row is one line, which is easier to search.
    private int LeftColumn(List<Row> rows)
    {
        int longest = rows.Max(row => row.Left.Length);
        return _width == int.MaxValue ? longest : Math.Min(longest, WidestLeft);
    }

    private static IEnumerable<string> Wrapped(string text, int width)
    {
        string line = "";
        foreach (string word in text.Split(' '))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }

            line = line.Length == 0 ? word : $"{line} {word}";
        }

        yield return line;
    }

    private string WithoutForeignArguments(string usage)
    {
        foreach (Argument argument in _command.Parents.OfType<Command>().SelectMany(parent => parent.Arguments))
            usage = usage.Replace($" [<{argument.Name}>]", "", StringComparison.Ordinal);
        return usage;
    }

    private static List<Row> Rows(string[] lines) => [.. lines.Skip(1).Select(line =>
    {
        string row = line.Trim();
        int end = row.IndexOf("  ", StringComparison.Ordinal);
        return end < 0 ? new Row(row, "") : new Row(row[..end], row[end..].Trim());
    })];

    private static string NameOf(string left) => LongName().Match(left).Value;

    [GeneratedRegex("--[a-z0-9-]+")]
    private static partial Regex LongName();

    private sealed record Row(string Left, string Right);
}
