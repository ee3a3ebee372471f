namespace Nvg.Labels;

/// <summary>Names of the folders that hold the images of classes: every file system takes them, and each belongs to one class.</summary>
internal static class ClassFolders
{
    private const string Allowed = " -_,.'()";

    /// <summary>
    /// The folder of every class. Characters that some file systems refuse become '_'; classes whose folders would have one name,
    /// or names that differ only in case, are told apart by their number: <c>crane (134)</c>.
    /// </summary>
    /// <param name="names">Names of the classes, by number.</param>
    internal static string[] Of(IReadOnlyList<string> names)
    {
        string[] safe = [.. names.Select(Safe)];
        var counts = safe.CountBy(name => name, StringComparer.OrdinalIgnoreCase).ToDictionary(StringComparer.OrdinalIgnoreCase);
        return [.. safe.Select((name, i) => name.Length == 0 ? $"{i}" : counts[name] > 1 ? $"{name} ({i})" : name)];
    }

    private static string Safe(string name) =>
        string.Concat(name.Select(c => char.IsLetterOrDigit(c) || Allowed.Contains(c, StringComparison.Ordinal) ? c : '_')).Trim('.', ' ');
}
