namespace Nvg.Cli.Output;

/// <summary>Canonical paths, to recognise different names of the same file.</summary>
internal static class FilePlace
{
    /// <summary>Compares canonical paths; names that differ only in case may be the same file.</summary>
    internal static StringComparer Comparer => StringComparer.OrdinalIgnoreCase;

    /// <summary>The canonical path of a file, which need not exist.</summary>
    internal static string Of(string file)
    {
        // A file is replaced under its own name, so only links in the folders above it matter.
        string full = Path.GetFullPath(file);
        return Path.Combine(OfFolder(Path.GetDirectoryName(full) ?? full), Path.GetFileName(full));
    }

    /// <summary>The canonical path of a folder, with links resolved.</summary>
    internal static string OfFolder(string folder)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        if (Path.GetDirectoryName(folder) is not { } above)
            return folder;
        string here = Path.Combine(OfFolder(above), Path.GetFileName(folder));
        return Directory.Exists(here) && Directory.ResolveLinkTarget(here, returnFinalTarget: true) is { } target
            ? OfFolder(target.FullName)
            : here;
    }
}
