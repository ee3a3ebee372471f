namespace Nvg.Checkpoints;

/// <summary>
/// The published names of the tensors of a file, without the prefixes that wrappers add: <c>DistributedDataParallel</c>,
/// <c>torch.compile</c>, FSDP and activation checkpoints, Lightning, dictionaries such as <c>{"model": …, "ema": …}</c>, and any
/// other prefix that all names of a group share.
/// </summary>
internal sealed class UnwrappedNames
{
    // Layers with this name exist only in wrappers, so they are removed anywhere in a name.
    private static readonly HashSet<string> Transparent =
    [
        "module", "_module", "_orig_mod", "_forward_module", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_fpw_module",
    ];

    // Names of entries that hold a whole state; removed only at the beginning.
    private static readonly HashSet<string> Containers =
        ["model", "state_dict", "model_state_dict", "net", "network", "params", "weights"];

    private static readonly HashSet<string> Averages =
        ["ema_model", "ema", "model_ema", "ema_state_dict", "ema_params", "params_ema", "averaged_model", "swa_model"];

    private const int MostUnknown = 4;

    private readonly Dictionary<string, string> _published = [];
    private readonly Dictionary<string, int> _removed = [];

    /// <param name="fullNames">All names of the tensors of a file.</param>
    internal UnwrappedNames(IEnumerable<string> fullNames)
    {
        var open = new List<string>();
        foreach (string fullName in fullNames)
        {
            if (IsPublished(fullName) || !Record(fullName, Known(fullName)))
                open.Add(fullName);
        }

        foreach (IGrouping<string, string> group in open.Where(name => !IsPublished(name)).GroupBy(FirstSegment))
            RecordGroup([.. group]);
    }

    /// <summary>The removed prefixes, and the number of names each was removed from.</summary>
    internal IReadOnlyDictionary<string, int> Removed => _removed;

    /// <summary>The published name of a tensor, or the unchanged name if nothing was removed.</summary>
    internal string this[string fullName] => _published.GetValueOrDefault(fullName, fullName);

    // An unknown prefix is removed only if all names that begin with it become published names.
    private void RecordGroup(string[] fullNames)
    {
        string[] names = Array.ConvertAll(fullNames, Known);
        for (int depth = 0; depth < MostUnknown; depth++)
        {
            string first = FirstSegment(names[0]);
            if (first.Length == 0 || !Array.TrueForAll(names, name => FirstSegment(name) == first))
                return;
            names = Array.ConvertAll(names, name => Known(name[(first.Length + 1)..]));
            if (!Array.TrueForAll(names, IsPublished))
                continue;
            for (int i = 0; i < names.Length; i++)
                Record(fullNames[i], names[i]);
            return;
        }
    }

    // The name without known wrappers.
    private static string Known(string name)
    {
        bool isAverage = false;
        List<string> segments = [.. name.Split('.')];
        string last = segments[^1];
        segments.RemoveAt(segments.Count - 1);
        segments.RemoveAll(Transparent.Contains);
        segments.Add(last);
        while (segments.Count > 1 && !IsPublished(Join()))
        {
            if (!Containers.Contains(segments[0]) && !Averages.Contains(segments[0]))
                break;
            isAverage |= Averages.Contains(segments[0]);
            segments.RemoveAt(0);
        }

        return Join();

        string Join() => (isAverage ? PublishedNames.AveragePrefix : "") + string.Join('.', segments);
    }

    private static bool IsPublished(string name)
    {
        bool isPlaced = PublishedNames.Place(name, out bool isKnown) is not null;
        return (isPlaced || isKnown) && !name.Split('.').Any(Transparent.Contains);
    }

    private static string FirstSegment(string name) => name[..Math.Max(name.IndexOf('.', StringComparison.Ordinal), 0)];

    private bool Record(string fullName, string published)
    {
        if (!IsPublished(published))
            return false;
        if (published == fullName)
            return true;
        _published.Add(fullName, published);
        if (PublishedNames.Place(published, out _) is null)
            return true;
        string removed = Prefix(fullName, published);
        _removed[removed] = _removed.GetValueOrDefault(removed) + 1;
        return true;
    }

    // The segments of the full name that are missing from the published one, in order.
    private static string Prefix(string fullName, string published)
    {
        string[] kept = published.Split('.');
        int next = published.StartsWith(PublishedNames.AveragePrefix, StringComparison.Ordinal) ? 1 : 0;
        var removed = new List<string>();
        foreach (string segment in fullName.Split('.'))
        {
            if (next < kept.Length && segment == kept[next])
                next++;
            else
                removed.Add(segment);
        }

        return string.Join('.', removed) + ".";
    }
}
