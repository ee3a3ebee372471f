using System.Diagnostics.CodeAnalysis;
using Nvg.Configuration;
using Nvg.Torch;
using Nvg.Torch.Files;

namespace Nvg.Labels;

/// <summary>
/// Finds classes of a model by name, synonym, identifier or number. Case is ignored unless it distinguishes classes.
/// </summary>
/// <param name="labels">Lines of <c>labels.txt</c>, by number (<see cref="ClassLabel"/>).</param>
public sealed class ClassNames(IReadOnlyList<string> labels)
{
    private const int MostSuggestions = 3;

    // No similar names are searched for a longer text, because the search would be slow and find nothing.
    private const int LongestName = 200;

    private readonly ClassLabel[] _classes = [.. labels.Select(ClassLabel.Parse)];

    /// <summary>The classes by number.</summary>
    public IReadOnlyList<ClassLabel> Classes => _classes;

    /// <summary>The names of the classes, by number, separated by commas.</summary>
    public override string ToString() => string.Join(", ", _classes.Select(c => c.Name));

    /// <summary>Looks up the number of a class.</summary>
    /// <param name="name">For example <c>cat</c>, <c>n01440764</c> or <c>3</c>.</param>
    /// <exception cref="ClassNameException">No class has this name, or several do.</exception>
    public int Find(string name)
    {
        int[] matches = MatchesAsTyped(name);
        return matches.Length == 1 ? matches[0] : throw Unknown(name.Trim(), matches);
    }

    /// <summary>Looks up the number of a class without throwing if there is none.</summary>
    /// <param name="name">For example <c>cat</c>, <c>n01440764</c> or <c>3</c>.</param>
    /// <param name="number">Its number.</param>
    /// <returns>Whether exactly one class has this name.</returns>
    public bool TryFind([NotNullWhen(true)] string? name, out int number)
    {
        int[] matches = name is null ? [] : MatchesAsTyped(name);
        number = matches.Length == 1 ? matches[0] : 0;
        return matches.Length == 1;
    }

    /// <summary>The numbers of the classes in a list separated by commas. A name that contains a comma is matched as a whole.</summary>
    /// <param name="list">For example <c>cat,dog</c>.</param>
    /// <exception cref="ClassNameException">One of the names belongs to no class, or to several.</exception>
    public IReadOnlyList<int> FindAll(string list) =>
        TryFind(list, out int whole) ? [whole] : [.. list.Split(',').Select(Find)];

    /// <summary>Finds the number of the class that a sentence names.</summary>
    /// <param name="text">
    /// A name that <see cref="Find"/> accepts, or a text that contains names of exactly one class as whole words.
    /// </param>
    /// <exception cref="ClassNameException">The text names no class, or several.</exception>
    public int FindIn(string text)
    {
        string trimmed = text.Trim();
        if (trimmed.Length <= LongestName && Matches(trimmed) is [var number])
            return number;
        int[] named = NamesInText.Find(trimmed, _classes);
        return named is [var only] ? only : throw (named.Length > 1 ? Unknown(Shortened(trimmed), named) : Unknown(Shortened(trimmed), []));
    }

    /// <summary>The class that a seed chooses; every class is equally likely.</summary>
    /// <param name="seed">Chooses it.</param>
    /// <exception cref="NvgDataException">The model has no classes.</exception>
    public int Random(ulong seed)
    {
        if (_classes.Length == 0)
            throw new NvgDataException("the model has no classes to choose from");
        // The seed is mixed, so that consecutive seeds choose unrelated classes.
        return (int)(SplitMix64.Mix(seed) % (ulong)_classes.Length);
    }

    // The unmodified name of a folder is tried first, because labels escape control characters and leading or trailing spaces.
    private int[] MatchesAsTyped(string typed)
    {
        string stored = ForeignName.WithSpaces(ForeignName.FromText(typed));
        int[] exact = stored == typed ? [] : [.. Enumerable.Range(0, _classes.Length).Where(i => _classes[i].Name == stored)];
        return exact.Length > 0 ? exact : Matches(typed.Trim());
    }

    // An identifier or first name takes precedence over a synonym, so the name of a class stays unambiguous if it is a synonym of another
    // class.
    private int[] Matches(string name)
    {
        // Case-sensitive comparison comes first, because A and a may be two classes.
        foreach (StringComparison comparison in (StringComparison[])[StringComparison.Ordinal, StringComparison.OrdinalIgnoreCase])
        {
            bool Is(string? other) => name.Equals(other, comparison);
            Func<ClassLabel, bool>[] rules =
            [
                c => Is(c.Identifier) || (c.Names.Count > 1 && Is(c.AllNames)),
                c => Is(c.Name),
                c => c.Names.Any(Is),
            ];
            foreach (Func<ClassLabel, bool> rule in rules)
            {
                int[] found = [.. Enumerable.Range(0, _classes.Length).Where(i => rule(_classes[i]))];
                if (found.Length > 0)
                    return found;
            }
        }

        return int.TryParse(name, out int number) && number >= 0 && number < _classes.Length ? [number] : [];
    }

    private ClassNameException Unknown(string name, int[] matches)
    {
        if (matches.Length > 1)
            return new ClassNameException(Ambiguity(name, matches)) { Name = name, Matches = matches };
        string range = $"the model has {_classes.Length} classes, 0 to {_classes.Length - 1}";
        if (name.Length == 0)
            return new ClassNameException($"an empty class name: {range}");
        if (int.TryParse(name, out _))
            return new ClassNameException($"no class {name}: {range}") { Name = name };
        IReadOnlyList<string> near = NearestNames.Of(name, _classes.SelectMany(c => c.Names), MostSuggestions);
        string remedy = near.Count > 0
            ? $"did you mean {string.Join(" or ", near)}?"
            : $"{range}, such as {string.Join(", ", _classes.Take(MostSuggestions).Select(c => c.Name))}";
        return new ClassNameException($"no class '{name}': {remedy}") { Name = name, Suggestions = near };
    }

    private static string Shortened(string text) => text.Length <= LongestName ? text : text[..LongestName] + "…";

    private string Ambiguity(string name, int[] matches)
    {
        string Describe(int number) => _classes[number].Identifier is { } identifier
            ? $"{number} ({identifier}, {_classes[number].AllNames})"
            : $"{number} ({_classes[number].AllNames})";
        string by = matches.All(i => _classes[i].Identifier is not null) ? "number or identifier" : "number";
        return $"'{name}' names {matches.Length} classes: {string.Join(" and ", matches.Select(Describe))}; say which by its {by}";
    }
}
