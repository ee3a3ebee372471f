namespace Nvg.Labels;

/// <summary>Finds the classes whose names occur in a text as whole words.</summary>
internal static class NamesInText
{
    /// <summary>
    /// Numbers of the classes, ascending. A name inside a longer name does not count: "sea lion" is not a lion.
    /// </summary>
    /// <param name="text">Any text.</param>
    /// <param name="classes">The classes by number.</param>
    internal static int[] Find(string text, IReadOnlyList<ClassLabel> classes)
    {
        (int Class, int Start, int End)[] found = [.. classes.SelectMany((c, number) => Texts(c)
            .SelectMany(name => Places(text, name).Select(start => (number, start, start + name.Length))))];
        return [.. found.Where(f => !Array.Exists(found, other => Covers(other, f))).Select(f => f.Class).Distinct().Order()];
    }

    private static IEnumerable<string> Texts(ClassLabel label) => label.Identifier is { } identifier ? label.Names.Append(identifier)
        : label.Names;

    private static bool Covers((int Class, int Start, int End) longer, (int Class, int Start, int End) shorter) =>
        longer.Start <= shorter.Start && longer.End >= shorter.End && longer.End - longer.Start > shorter.End - shorter.Start;

    private static IEnumerable<int> Places(string text, string name)
    {
        for (int start = 0; name.Length > 0 && start <= text.Length - name.Length; start++)
        {
            start = text.IndexOf(name, start, StringComparison.OrdinalIgnoreCase);
            if (start < 0)
                yield break;
            if (!IsWordAt(text, start - 1) && !IsWordAt(text, start + name.Length))
                yield return start;
        }
    }

    private static bool IsWordAt(string text, int index) =>
        index >= 0 && index < text.Length && (char.IsLetterOrDigit(text[index]) || text[index] == '_');
}
