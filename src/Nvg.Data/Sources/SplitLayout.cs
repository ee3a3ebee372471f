namespace Nvg.Data.Sources;

/// <summary>
/// Detects sources whose folders are the splits of a data set (train, test) instead of its classes, possibly below a single wrapper folder.
/// Otherwise, their images would get the classes "train" and "test".
/// </summary>
internal sealed class SplitLayout
{
    private static readonly HashSet<string> Splits =
        new(["train", "training", "test", "testing", "val", "valid", "validation", "dev", "eval"], StringComparer.OrdinalIgnoreCase);

    private readonly HashSet<string> _first = new(StringComparer.Ordinal);
    private readonly HashSet<string> _second = new(StringComparer.Ordinal);
    private readonly HashSet<string> _shards = new(StringComparer.Ordinal);
    private bool _hasShallow;

    /// <summary>The split at the start of a shard's name, such as <c>train-00000-of-00002.parquet</c>; null if there is none.</summary>
    internal static string? SplitOf(string name)
    {
        string file = name[(name.LastIndexOf('/') + 1)..];
        int end = file.AsSpan().IndexOfAny('-', '_', '.');
        string start = end < 0 ? file : file[..end];
        return Splits.Contains(start) ? start : null;
    }

    /// <summary>Records an image.</summary>
    internal void Add(ImageEntry entry)
    {
        string[] parts = entry.Name.Split('/');
        if (entry.IsLabelled)
        {
            if (parts.Length > 1 && SplitOf(parts[^2]) is { } split)
                _shards.Add(split);
            _hasShallow = true;
            return;
        }

        _hasShallow |= parts.Length < 3;
        _first.Add(parts[0]);
        // If there are more than a few folders, they are classes.
        if (parts.Length > 2 && _second.Count <= Splits.Count)
            _second.Add(parts[1]);
    }

    /// <summary>The problem with the layout and how to fix it, or null.</summary>
    internal (string Problem, string Remedy)? Problem()
    {
        if (_shards.Count > 1)
            return ($"contains the splits {Names(_shards)}", Give(Preferred(_shards)));
        if (_hasShallow || _first.Count == 0)
            return null;
        if (_first.All(Splits.Contains))
            return ($"its folders {Names(_first)} are splits of a data set, with the classes below", Give(Preferred(_first)));
        if (_first.Count > 1 || !_second.All(Splits.Contains))
            return null;
        string top = _first.First();
        string problem = $"the folder {top} contains the splits {Names(_second)}, with the classes below";
        return (problem, Give($"{top}/{Preferred(_second)}"));
    }

    private static string Give(string subset) => $"give one of them: --subset {subset}";

    private static string Names(IEnumerable<string> names) => string.Join(" and ", names.Order(StringComparer.Ordinal));

    private static string Preferred(HashSet<string> names) =>
        names.FirstOrDefault(name => name.StartsWith("train", StringComparison.OrdinalIgnoreCase)) ?? names.First();
}
