namespace Nvg.Torch.Interop;

/// <summary>The paths at which a library is looked for, in their order, and what was found there.</summary>
/// <param name="paths">Tried one after the other.</param>
internal sealed class LibrarySearch(IEnumerable<string> paths)
{
    private readonly List<string> _problems = [];

    /// <summary>The paths.</summary>
    internal string[] Paths { get; } = [.. paths.Distinct()];

    /// <summary>Whether there is a file at one of them.</summary>
    internal bool Exists => Array.Exists(Paths, File.Exists);

    /// <summary>What is wrong with each path that was tried.</summary>
    internal string Problems => string.Join("; ", _problems);

    /// <summary>Opens the first that can be used.</summary>
    /// <param name="open">Null where the file cannot be used, and the reason.</param>
    /// <returns>Null where none can be used.</returns>
    internal Door? Open(Func<string, (Door? Door, string? Problem)> open)
    {
        foreach (string path in Paths)
        {
            (Door? door, string? problem) = File.Exists(path) ? open(path) : (null, "no such file");
            if (door is not null)
                return door;
            _problems.Add($"{path}: {problem}");
        }

        return null;
    }
}
