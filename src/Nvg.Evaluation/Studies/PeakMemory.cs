using System.Globalization;

namespace Nvg.Evaluation.Studies;

/// <summary>The most memory that this process has held at once since a moment; Linux only.</summary>
public static class PeakMemory
{
    private const string ResetFile = "/proc/self/clear_refs", StatusFile = "/proc/self/status", Field = "VmHWM:";

    // What the kernel takes for "forget the highest resident size".
    private const string Reset = "5";

    /// <summary>Starts anew.</summary>
    /// <returns>Whether the system can.</returns>
    public static bool TryReset()
    {
        try
        {
            File.WriteAllText(ResetFile, Reset);
            return true;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>The peak in MiB, or null where the system does not say.</summary>
    public static double? ReadMiB()
    {
        if (!File.Exists(StatusFile))
            return null;
        string? line = File.ReadLines(StatusFile).FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal));
        return long.TryParse(line?[Field.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long kibibytes)
            ? kibibytes / 1024.0
            : null;
    }
}
