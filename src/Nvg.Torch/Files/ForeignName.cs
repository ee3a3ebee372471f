using System.Globalization;
using System.Text;

namespace Nvg.Torch.Files;

/// <summary>
/// Names from external sources (files, folders, archive entries and classes), which may consist of arbitrary bytes.
/// <para>A name becomes text that can be stored, compared and turned back into its bytes: valid UTF-8 stays unchanged, and bytes that are
/// not UTF-8, control characters and line separators are written as <c>\xb9</c>. Different names therefore stay different.
/// <see cref="Display"/> makes any text safe to print.</para>
/// </summary>
internal static class ForeignName
{
    /// <summary>The text of a name.</summary>
    internal static string FromBytes(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length);
        while (!bytes.IsEmpty)
        {
            bool isValid = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length) == System.Buffers.OperationStatus.Done;
            bool startsEscape = rune.Value == '\\' && bytes.Length > 1 && bytes[1] == 'x';
            if (isValid && !startsEscape && !BreaksLines(rune))
                text.Append(rune.ToString());
            else
                Escape(text, bytes[..length]);
            bytes = bytes[length..];
        }

        return text.ToString();
    }

    /// <summary>The text of a name that is known as text, such as one from an archive that stores UTF-8.</summary>
    internal static string FromText(string name) => FromBytes(Encoding.UTF8.GetBytes(name));

    /// <summary>A name with leading and trailing spaces escaped, for places where they would be lost.</summary>
    internal static string WithSpaces(string text)
    {
        string inner = text.Trim(' ');
        int start = text.IndexOf(inner, StringComparison.Ordinal);
        return inner.Length == text.Length
            ? text
            : string.Concat(Enumerable.Repeat(@"\x20", start)) + inner
                + string.Concat(Enumerable.Repeat(@"\x20", text.Length - start - inner.Length));
    }

    /// <summary>The bytes of a name; the inverse of <see cref="FromBytes"/>.</summary>
    internal static byte[] ToBytes(string text)
    {
        var bytes = new List<byte>(text.Length);
        for (int i = 0; i < text.Length;)
        {
            if (IsEscape(text.AsSpan(i)))
            {
                bytes.Add(byte.Parse(text.AsSpan(i + 2, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                i += 4;
                continue;
            }

            int length = char.IsSurrogatePair(text, i) ? 2 : 1;
            bytes.AddRange(Encoding.UTF8.GetBytes(text, i, length));
            i += length;
        }

        return [.. bytes];
    }

    /// <summary>Converts the backslashes of a Windows path to slashes; backslashes of escapes are kept.</summary>
    internal static string WithSlashes(string path) =>
        string.Concat(path.Select((c, i) => c == '\\' && !(i + 1 < path.Length && path[i + 1] == 'x') ? '/' : c));

    /// <summary>
    /// Display text on one line: control characters, line separators and marks that change the direction of the text are
    /// escaped, so that a name can neither move the cursor nor look like a message.
    /// </summary>
    internal static string Display(string text)
    {
        if (text.All(c => !IsUnsafe(new Rune(char.IsSurrogate(c) ? 'x' : c))))
            return text;
        var shown = new StringBuilder(text.Length);
        foreach (Rune rune in text.EnumerateRunes())
            shown.Append(IsUnsafe(rune) ? Shown(rune) : rune.ToString());
        return shown.ToString();
    }

    private static bool IsUnsafe(Rune rune) =>
        BreaksLines(rune) || rune.Value is 0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static bool BreaksLines(Rune rune) => Rune.IsControl(rune) || rune.Value is 0x2028 or 0x2029;

    private static string Shown(Rune rune) => rune.Value switch
    {
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        < 0x100 => string.Create(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}"),
    };

    private static void Escape(StringBuilder text, ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
            text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
    }

    private static bool IsEscape(ReadOnlySpan<char> text) =>
        text.Length >= 4 && text[0] == '\\' && text[1] == 'x' && char.IsAsciiHexDigit(text[2]) && char.IsAsciiHexDigit(text[3]);
}
