namespace Nvg.Configuration;

/// <summary>Combines all problems that a settings record reports into one exception.</summary>
internal static class SettingsProblems
{
    /// <summary>Throws if there is any problem.</summary>
    /// <param name="problems">From the record's <c>Validate</c>.</param>
    /// <exception cref="ArgumentException">There are problems; its message names all of them.</exception>
    internal static void ThrowIfAny(this IEnumerable<string> problems)
    {
        if (problems.OneLine() is { } line)
            throw new ArgumentException(line);
    }

    /// <summary>Throws if there is any problem with settings that were read from a file.</summary>
    /// <param name="problems">From the record's <c>Validate</c>.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">There are problems; its message names the file and all of them.</exception>
    internal static void ThrowIfAny(this IEnumerable<string> problems, string path)
    {
        if (problems.OneLine() is { } line)
            throw NvgDataException.At(path, line);
    }

    /// <summary>All problems in one line, or null if there are none.</summary>
    internal static string? OneLine(this IEnumerable<string> problems) => string.Join("; ", problems) is { Length: > 0 } line ? line : null;
}
