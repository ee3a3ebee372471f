namespace Nvg.Cli.Output;

/// <summary>Where files are, so that two names of one can be told.</summary>
internal static class FilePlace
{
    /// <summary>Compares places; names that differ in case alone may be one file.</summary>
    internal static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    /// <summary>The place of a file that is there or not.</summary>
    internal static string Of(string file)
    {
        // A file is replaced under its own name, so links count in the folders above it alone.
        string full = Path.GetFullPath(file);
        return Path.Combine(OfFolder(Path.GetDirectoryName(full) ?? full), Path.GetFileName(full));
    }

    /// <summary>The place of a folder, with links followed.</summary>
    internal static string OfFolder(string folder)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Path.GetDirectoryName(folder) is not { } above)
            return folder;
        string here = Path.Combine(OfFolder(above), Path.GetFileName(folder));
        return Directory.Exists(here) && Directory.ResolveLinkTarget(here, returnFinalTarget: true) is { } target ? OfFolder(target.FullName) : here;
    }
}
