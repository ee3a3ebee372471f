using System.Text;

namespace Nvg.Cli.Terminal;

/// <summary>Writes lines to the console. Control characters, which names in files may contain, are shown as escapes.</summary>
internal static class ConsoleText
{
    /// <summary>Writes a line of results to standard output.</summary>
    /// <exception cref="IOException">Standard output cannot be written.</exception>
    internal static void Print(string line)
    {
        try
        {
            Console.Out.WriteLine(Escape(line));
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw FileFailure.Unwritable("standard output", error);
        }
    }

    /// <summary>Writes a line for the reader to standard error.</summary>
    internal static void Note(string line) => Console.Error.WriteLine(Escape(line));

    /// <summary>Replaces control characters, and marks that change the text direction, with visible escapes.</summary>
    internal static string Escape(string text)
    {
        if (!text.Any(IsUnsafe))
            return text;
        var escaped = new StringBuilder(text.Length + 16);
        foreach (char c in text)
        {
            _ = c switch
            {
                '\n' => escaped.Append("\\n"),
                '\r' => escaped.Append("\\r"),
                '\t' => escaped.Append("\\t"),
                < '\u0100' when IsUnsafe(c) => escaped.Append(null, $"\\x{(int)c:x2}"),
                _ when IsUnsafe(c) => escaped.Append(null, $"\\u{(int)c:x4}"),
                _ => escaped.Append(c),
            };
        }

        return escaped.ToString();
    }

    /// <summary>A count with its noun, such as <c>1 image</c> or <c>12 images</c>.</summary>
    internal static string Count(long count, string noun) =>
        $"{count:N0} {noun}{(count == 1 ? "" : noun.EndsWith("class", StringComparison.Ordinal) ? "es" : "s")}";

    private static bool IsUnsafe(char c) =>
        char.IsControl(c) || c is '\u061c' or '\u200e' or '\u200f' or (>= '\u2028' and <= '\u202e') or (>= '\u2066' and <= '\u2069');
}
