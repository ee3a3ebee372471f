using System.Text;

namespace Nvg.Cli.Tests.Documents;

/// <summary>A call of <c>nvg</c> in a code block of a document.</summary>
/// <param name="Document">Path from the root of the repository.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Arguments">The words after <c>nvg</c>.</param>
internal sealed record DocumentedCommand(string Document, int Line, string[] Arguments)
{
    private const string Ellipsis = "…";
    private static readonly string[] Separators = ["&&", "||", "|", ";", "&", ">", "2>"];

    /// <summary>Whether the document leaves arguments out, or marks some as optional.</summary>
    public bool IsAbridged => Arguments.Any(word => word.Contains(Ellipsis, StringComparison.Ordinal) || word.StartsWith('['));

    public override string ToString() => $"{Document}:{Line}: nvg {string.Join(' ', Arguments)}";

    /// <summary>All calls in a document, in order.</summary>
    public static IEnumerable<DocumentedCommand> Read(string root, string document)
    {
        string[] lines = File.ReadAllLines(Path.Combine(root, document));
        bool isFenced = false;
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].TrimStart().StartsWith("```", StringComparison.Ordinal))
                isFenced = !isFenced;
            if (!isFenced && !lines[i].StartsWith("    ", StringComparison.Ordinal))
                continue;
            int first = i;
            string text = lines[i];
            while (text.EndsWith('\\') && i + 1 < lines.Length)
                text = text[..^1] + lines[++i];
            foreach (string[] arguments in Calls(Words(text)))
                yield return new DocumentedCommand(document, first + 1, arguments);
        }
    }

    private static IEnumerable<string[]> Calls(List<string> words)
    {
        while (words.Count > 0)
        {
            int end = words.FindIndex(word => Separators.Contains(word));
            List<string> call = end < 0 ? words : words[..end];
            if (call.Count > 0 && call[0] is "nvg" or "./nvg")
                yield return [.. call[1..]];
            words = end < 0 ? [] : words[(end + 1)..];
        }
    }

    // As a shell splits them: quotes, and a comment after a space.
    private static List<string> Words(string line)
    {
        List<string> words = [];
        var word = new StringBuilder();
        bool begun = false;
        char quote = '\0';
        foreach (char c in line + " ")
        {
            if (quote == '\0' && char.IsWhiteSpace(c))
            {
                if (begun)
                    words.Add(word.ToString());
                word.Clear();
                begun = false;
            }
            else if (quote == '\0' && c == '#' && !begun)
            {
                break;
            }
            else if (c == quote || (quote == '\0' && c is '"' or '\''))
            {
                quote = quote == '\0' ? c : '\0';
                begun = true;
            }
            else
            {
                word.Append(c);
                begun = true;
            }
        }

        return words;
    }
}
