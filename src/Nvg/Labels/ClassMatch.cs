namespace Nvg.Labels;

/// <summary>Finds the classes of one source among those of a model or classifier, which may use identifiers, names or synonyms.</summary>
/// <param name="labels">Lines of <c>labels.txt</c>, by number.</param>
/// <param name="where">The source, for messages.</param>
internal sealed class ClassMatch(IReadOnlyList<string> labels, string where)
{
    private const int MostListed = 12;

    private readonly ClassNames _names = new(labels);
    private readonly string[] _folders = ClassFolders.Of([.. labels.Select(line => ClassLabel.Parse(line).Name)]);

    /// <summary>The number of a class.</summary>
    /// <param name="name">Its name in the source.</param>
    /// <exception cref="NvgDataException">No class has this name, or several do.</exception>
    internal int NumberOf(string name)
    {
        // Handles the folder names of generated images: "crane (134)".
        if (Array.IndexOf(_folders, name) is >= 0 and var folder && !IsName(name))
            return folder;
        string what = $"the classifier has no class '{name}'";
        // A bare number is an index of the source, not a name.
        if (int.TryParse(name, out _) && !IsName(name))
            throw NvgDataException.At(where, what, $"its classes are {Listed()}");
        try
        {
            return _names.Find(name);
        }
        catch (ClassNameException error)
        {
            throw NvgDataException.At(where, what, error.Message, error);
        }
    }

    /// <summary>Whether two lists of labels denote the same classes in the same order; one may omit identifiers or synonyms.</summary>
    internal static bool Agree(IReadOnlyList<string> first, IReadOnlyList<string> second) =>
        first.Count == second.Count && first.Zip(second).All(pair => Agree(ClassLabel.Parse(pair.First), ClassLabel.Parse(pair.Second)));

    private static bool Agree(ClassLabel first, ClassLabel second) => first.Identifier is not null && second.Identifier is not null
        ? first.Identifier.Equals(second.Identifier, StringComparison.OrdinalIgnoreCase)
        : AllNames(first).Intersect(AllNames(second), StringComparer.OrdinalIgnoreCase).Any();

    private static IEnumerable<string> AllNames(ClassLabel label) =>
        label.Identifier is { } identifier ? label.Names.Prepend(identifier) : label.Names;

    private string Listed() =>
        $"{string.Join(", ", _names.Classes.Take(MostListed).Select(c => c.Name))}{(labels.Count > MostListed ? ", …" : "")}";

    private bool IsName(string name) => _names.Classes.Any(c => AllNames(c).Contains(name, StringComparer.OrdinalIgnoreCase));
}
