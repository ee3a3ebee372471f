namespace Nvg.Labels;

/// <summary>
/// Names of the folders that hold the images of classes. They are valid on every file system, and each belongs to exactly one class.
/// </summary>
internal static class ClassFolders
{
    private const string Allowed = " -_,.'()";

    /// <summary>
    /// The folder of every class. Characters that some file systems reject become '_'. Classes whose folder names would be identical, or
    /// would differ only in case, are distinguished by their number: <c>crane (134)</c>.
    /// </summary>
    /// <param name="names">Names of the classes, by number.</param>
    internal static string[] Of(IReadOnlyList<string> names)
    {
        string[] folders = [.. names.Select((name, number) => Safe(name) is { Length: > 0 } safe ? safe : $"{number}")];
        // Repeated, because a new name may equal the name of another class: "x", "X" and "x (0)".
        while (Shared(folders) is { Count: > 0 } shared)
            folders = [.. folders.Select((folder, number) => shared.Contains(folder) ? $"{folder} ({number})" : folder)];
        return folders;
    }

    private static HashSet<string> Shared(string[] folders) => folders.CountBy(folder => folder, StringComparer.OrdinalIgnoreCase)
        .Where(count => count.Value > 1).Select(count => count.Key).ToHashSet(StringComparer.OrdinalIgnoreCase);

    private static string Safe(string name) =>
        string.Concat(name.Select(c => char.IsLetterOrDigit(c) || Allowed.Contains(c, StringComparison.Ordinal) ? c : '_')).Trim('.', ' ');
}
