namespace Nvg.Labels;

/// <summary>
/// What a model calls a class. A line of <c>labels.txt</c> is <c>name, synonym, …</c>, with <c>identifier⇥</c> before it
/// where the classes have identifiers that programs use, such as ImageNet's <c>n01440764</c>.
/// </summary>
/// <param name="Identifier">For programs, or null.</param>
/// <param name="Names">For people: the usual one first, then synonyms; never empty.</param>
public sealed record ClassLabel(string? Identifier, IReadOnlyList<string> Names)
{
    /// <summary>The usual name.</summary>
    public string Name => Names[0];

    /// <summary>All names as they stand in the line.</summary>
    public string AllNames => string.Join(", ", Names);

    /// <summary>Reads a line. Every text is a label: without a tab it has no identifier, without names the identifier is the name.</summary>
    public static ClassLabel Parse(string line)
    {
        int tab = line.IndexOf('\t', StringComparison.Ordinal);
        string identifier = tab < 0 ? "" : line[..tab].Trim(), text = line[(tab + 1)..].Trim();
        string[] names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return new ClassLabel(identifier.Length > 0 ? identifier : null, names.Length > 0 ? names : [identifier.Length > 0 ? identifier : text]);
    }
}
