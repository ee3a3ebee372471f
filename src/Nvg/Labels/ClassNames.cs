using Nvg.Configuration;
using Nvg.Torch;

namespace Nvg.Labels;

/// <summary>Finds classes of a model by what people call them.</summary>
/// <param name="labels">Lines of <c>labels.txt</c>, by number (<see cref="ClassLabel"/>).</param>
public sealed class ClassNames(IReadOnlyList<string> labels)
{
    private const int MostSuggestions = 3;

    private readonly ClassLabel[] _classes = [.. labels.Select(ClassLabel.Parse)];

    /// <summary>The classes by number.</summary>
    public IReadOnlyList<ClassLabel> Classes => _classes;

    /// <summary>The classes that a list names: names, identifiers or numbers, separated by commas.</summary>
    /// <param name="list">For example <c>cat,dog</c>, <c>n01440764</c> or <c>3</c>. A name that contains a comma is found whole.</param>
    /// <param name="problem">What is wrong, in one line, where the result is null.</param>
    public IReadOnlyList<int>? Find(string list, out string? problem)
    {
        problem = null;
        if (Matches(list.Trim()) is [int whole])
            return [whole];
        var found = new List<int>();
        foreach (string name in list.Split(',', StringSplitOptions.TrimEntries))
        {
            int[] matches = Matches(name);
            if (matches.Length == 1)
            {
                found.Add(matches[0]);
                continue;
            }

            problem = matches.Length > 1 ? Distinguish(name, matches) : Explain(name);
            return null;
        }

        return found;
    }

    /// <summary>The class that a seed chooses, every one equally likely.</summary>
    /// <param name="seed">Decides it.</param>
    /// <exception cref="NvgDataException">The model has no classes.</exception>
    public int Random(ulong seed)
    {
        if (_classes.Length == 0)
            throw new NvgDataException("the model has no classes to choose from");
        // Neighbouring seeds give unrelated classes.
        return (int)(SplitMix64.Mix(seed) % (ulong)_classes.Length);
    }

    // What identifies comes before what describes: a class's own name is not ambiguous because it is another's synonym.
    private int[] Matches(string name)
    {
        bool Is(string? other) => name.Equals(other, StringComparison.OrdinalIgnoreCase);
        Func<ClassLabel, bool>[] ways =
        [
            c => Is(c.Identifier) || (c.Names.Count > 1 && Is(c.AllNames)),
            c => Is(c.Name),
            c => c.Names.Any(Is),
        ];
        foreach (Func<ClassLabel, bool> way in ways)
        {
            int[] found = [.. Enumerable.Range(0, _classes.Length).Where(i => way(_classes[i]))];
            if (found.Length > 0)
                return found;
        }

        return int.TryParse(name, out int number) && number >= 0 && number < _classes.Length ? [number] : [];
    }

    private string Distinguish(string name, int[] matches)
    {
        string[] meant = [.. matches.Select(i => _classes[i].Identifier is { } identifier ? $"{i} ({identifier}, {_classes[i].AllNames})" : $"{i} ({_classes[i].AllNames})")];
        string way = matches.All(i => _classes[i].Identifier is not null) ? "number or identifier" : "number";
        return $"'{name}' names {matches.Length} classes: {string.Join(" and ", meant)}; say which by its {way}";
    }

    private string Explain(string name)
    {
        string end = $"the model has {_classes.Length} classes, 0 to {_classes.Length - 1}";
        if (name.Length == 0)
            return $"an empty class name: {end}";
        if (int.TryParse(name, out _))
            return $"no class {name}: {end}";
        IReadOnlyList<string> near = NearestNames.Of(name, _classes.SelectMany(c => c.Names), MostSuggestions);
        return near.Count > 0
            ? $"no class '{name}': did you mean {string.Join(" or ", near)}?"
            : $"no class '{name}': {end}, such as {string.Join(", ", _classes.Take(MostSuggestions).Select(c => c.Name))}";
    }
}
