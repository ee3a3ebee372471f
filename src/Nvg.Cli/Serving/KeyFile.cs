using Nvg.Cli.Terminal;

namespace Nvg.Cli.Serving;

/// <summary>Reads the keys of a server's clients: one key per line; <c>#</c> starts a comment.</summary>
internal static class KeyFile
{
    /// <summary>The keys.</summary>
    /// <exception cref="NvgDataException">The file is missing, unreadable or empty.</exception>
    internal static IReadOnlyList<string> Read(string path)
    {
        string[] keys = FileFailure.Reading(path, () => File.ReadLines(path).Select(Key).Where(key => key.Length > 0).ToArray());
        WarnIfReadable(path);
        return keys.Length > 0 ? keys : throw NvgDataException.At(path, "has no key", "write one on each line");
    }

    private static string Key(string line)
    {
        int comment = line.IndexOf('#', StringComparison.Ordinal);
        return (comment < 0 ? line : line[..comment]).Trim();
    }

    private static void WarnIfReadable(string path)
    {
        if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & UnixFileMode.OtherRead) != 0)
            ConsoleText.Note($"note: everyone on this machine can read {path}: chmod 600 {path}");
    }
}
