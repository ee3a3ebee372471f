using System.CommandLine;
using System.CommandLine.Completions;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Nvg.Cli.Terminal;

/// <summary>
/// Suggests the rest of a command line to a shell: <c>nvg "[suggest:12]" "nvg generate"</c>, the directive of System.CommandLine
/// that <c>dotnet-suggest</c> also uses.
/// </summary>
internal static partial class Suggestions
{
    /// <summary>The suggestions that the arguments request, or null if the arguments are a command.</summary>
    /// <param name="root">The command.</param>
    /// <param name="arguments">The directive with the position of the cursor, and the line that was typed so far.</param>
    internal static IReadOnlyList<string>? Find(Command root, string[] arguments)
    {
        if (arguments is not [var directive, ..] || Directive().Match(directive) is not { Success: true } match)
            return null;
        string line = arguments.Length > 1 ? arguments[1] : "";
        bool isGiven = int.TryParse(match.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int given);
        int position = isGiven ? Math.Min(given, line.Length) : line.Length;
        string word = line[..position].Split(' ')[^1];
        SuggestWords(root);
        return [.. root.Parse(line[..position]).GetCompletions(position).Select(TextOf).Where(text => Completes(text, word)).Distinct()];
    }

    /// <summary>Suggests names for a comma-separated list.</summary>
    /// <param name="names">The names.</param>
    /// <param name="word">The part of the list that was typed.</param>
    internal static IEnumerable<string> OfList(IEnumerable<string> names, string word)
    {
        string before = word[..(word.LastIndexOf(',') + 1)];
        return names.Select(name => before + name);
    }

    // The library suggests everything that contains the word, but shells expect what starts with it. There are many options, so
    // they are suggested only after a dash.
    private static bool Completes(string text, string word) =>
        text.StartsWith(word, StringComparison.OrdinalIgnoreCase) && (word.StartsWith('-') || !text.StartsWith('-'));

    // Suggests the words of the help text, such as vgg|alex|squeeze, instead of the names of the enum values.
    private static void SuggestWords(Command command)
    {
        foreach (Option option in command.Options.Where(option => option.HelpName is { } help && Words().IsMatch(help)))
        {
            option.CompletionSources.Clear();
            option.CompletionSources.Add(option.HelpName!.Split('|'));
        }

        foreach (Command inner in command.Subcommands)
            SuggestWords(inner);
    }

    private static string TextOf(CompletionItem item) => item.InsertText ?? item.Label;

    [GeneratedRegex(@"^\[suggest(?::(\d+))?\]$")]
    private static partial Regex Directive();

    [GeneratedRegex(@"^[a-z0-9-]+(\|[a-z0-9-]+)+$")]
    private static partial Regex Words();
}
