namespace Nvg.Torch.Interop;

/// <summary>The paths at which a library is searched for, in order, and the results.</summary>
/// <param name="paths">Paths to try, in order.</param>
internal sealed class LibrarySearch(IEnumerable<string> paths)
{
    private readonly List<string> _problems = [];

    /// <summary>The paths.</summary>
    internal string[] Paths { get; } = [.. paths.Distinct()];

    /// <summary>Whether a file exists at one of the paths.</summary>
    internal bool Exists => Array.Exists(Paths, File.Exists);

    /// <summary>What is wrong with each path that was tried.</summary>
    internal string Problems => string.Join("; ", _problems);

    /// <summary>Opens the first usable file.</summary>
    /// <param name="open">Opens a file; returns null and the reason if it cannot be used.</param>
    /// <returns>The door, or null if no file can be used.</returns>
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
