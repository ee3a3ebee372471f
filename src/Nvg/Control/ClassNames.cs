namespace Nvg.Control;

/// <summary>Finds classes of a model by what people call them.</summary>
/// <param name="labels">Names by number; a name may list synonyms, separated by commas.</param>
public sealed class ClassNames(IReadOnlyList<string> labels)
{
    private const int MostSuggestions = 3;

    /// <summary>Names by number.</summary>
    public IReadOnlyList<string> Labels => labels;

    /// <summary>The classes that a list names: names or numbers, separated by commas.</summary>
    /// <param name="list">For example <c>cat,dog</c> or <c>3</c>. A name that contains a comma is found whole.</param>
    /// <param name="problem">What is wrong, in one line, where the result is null.</param>
    public IReadOnlyList<int>? Find(string list, out string? problem)
    {
        problem = null;
        if (FindOne(list.Trim()) is { } whole)
            return [whole];
        var found = new List<int>();
        foreach (string name in list.Split(',', StringSplitOptions.TrimEntries))
        {
            if (FindOne(name) is { } number)
            {
                found.Add(number);
                continue;
            }

            problem = Explain(name);
            return null;
        }

        return found;
    }

    /// <summary>The class that a seed chooses, every one equally likely.</summary>
    public int Random(ulong seed)
    {
        // Neighbouring seeds give unrelated classes.
        return (int)(SplitMix64.Mix(seed) % (ulong)labels.Count);
    }

    private int? FindOne(string name)
    {
        int? synonym = null;
        for (int i = 0; i < labels.Count; i++)
        {
            if (labels[i].Equals(name, StringComparison.OrdinalIgnoreCase))
                return i;
            if (synonym is null && labels[i].Contains(',', StringComparison.Ordinal) && Synonyms(labels[i]).Contains(name, StringComparer.OrdinalIgnoreCase))
                synonym = i;
        }

        return synonym ?? (int.TryParse(name, out int number) && number >= 0 && number < labels.Count ? number : null);
    }

    private string Explain(string name)
    {
        string end = $"the model has {labels.Count} classes, 0 to {labels.Count - 1}";
        if (name.Length == 0)
            return $"an empty class name: {end}";
        if (int.TryParse(name, out _))
            return $"no class {name}: {end}";
        IReadOnlyList<string> near = NearestNames.Of(name, labels.SelectMany(Synonyms), MostSuggestions);
        return near.Count > 0
            ? $"no class '{name}': did you mean {string.Join(" or ", near)}?"
            : $"no class '{name}': {end}, such as {string.Join(", ", labels.Take(MostSuggestions))}";
    }

    private static string[] Synonyms(string label) => label.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
