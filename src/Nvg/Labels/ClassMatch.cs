namespace Nvg.Labels;

/// <summary>Finds classes of one source among those of a model or classifier, which may call them by identifier, name or synonym.</summary>
/// <param name="labels">Lines of <c>labels.txt</c>, by number.</param>
/// <param name="where">The source, for messages.</param>
internal sealed class ClassMatch(IReadOnlyList<string> labels, string where)
{
    private readonly ClassNames _names = new(labels);

    /// <summary>The number of a class.</summary>
    /// <param name="name">What the source calls it.</param>
    /// <exception cref="NvgDataException">It is none of the classes, or may be several.</exception>
    internal int NumberOf(string name)
    {
        // A bare number is what a source counts by, not what it calls a class.
        string? problem = null;
        if ((!int.TryParse(name, out _) || IsName(name)) && _names.Find(name, out problem) is [int number])
            return number;
        throw NvgDataException.At(where, $"class '{name}' is none of the classifier's", problem ?? $"they are {string.Join(", ", _names.Classes.Take(12).Select(c => c.Name))}{(labels.Count > 12 ? ", …" : "")}");
    }

    /// <summary>Whether two lists of labels mean the same classes in the same order, though one may leave out identifiers or synonyms.</summary>
    internal static bool Agree(IReadOnlyList<string> first, IReadOnlyList<string> second) =>
        first.Count == second.Count && first.Zip(second).All(pair => Agree(ClassLabel.Parse(pair.First), ClassLabel.Parse(pair.Second)));

    private static bool Agree(ClassLabel first, ClassLabel second)
    {
        if (first.Identifier is not null && second.Identifier is not null)
            return first.Identifier.Equals(second.Identifier, StringComparison.OrdinalIgnoreCase);
        return Called(first).Intersect(Called(second), StringComparer.OrdinalIgnoreCase).Any();
    }

    private static IEnumerable<string> Called(ClassLabel label) => label.Identifier is { } identifier ? label.Names.Prepend(identifier) : label.Names;

    private bool IsName(string name) => _names.Classes.Any(c => Called(c).Contains(name, StringComparer.OrdinalIgnoreCase));
}
