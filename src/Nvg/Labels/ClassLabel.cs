namespace Nvg.Labels;

/// <summary>
/// The names of a class. A line of <c>labels.txt</c> is <c>name, synonym, …</c>, preceded by <c>identifier⇥</c> if the classes have
/// machine-readable identifiers, such as ImageNet's <c>n01440764</c>.
/// </summary>
/// <param name="Identifier">A machine-readable identifier, or null.</param>
/// <param name="Names">The preferred name, followed by synonyms; never empty.</param>
public sealed record ClassLabel(string? Identifier, IReadOnlyList<string> Names)
{
    /// <summary>The preferred name.</summary>
    public string Name => Names[0];

    /// <summary>All names, as in the line.</summary>
    public string AllNames => string.Join(", ", Names);

    /// <summary>
    /// Reads a line. Any text is valid: without a tab there is no identifier, and without names the identifier is the name.
    /// </summary>
    public static ClassLabel Parse(string line)
    {
        int tab = line.IndexOf('\t', StringComparison.Ordinal);
        string identifier = tab < 0 ? "" : line[..tab].Trim(), text = line[(tab + 1)..].Trim();
        string[] names = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        string fallback = identifier.Length > 0 ? identifier : text;
        return new ClassLabel(identifier.Length > 0 ? identifier : null, names.Length > 0 ? names : [fallback]);
    }
}
