using System.Globalization;

namespace Nvg.Evaluation.Studies;

/// <summary>Peak resident memory of this process; Linux only.</summary>
public static class PeakMemory
{
    private const string ResetFile = "/proc/self/clear_refs", StatusFile = "/proc/self/status", Field = "VmHWM:";

    // Tells the kernel to reset the peak resident size.
    private const string Reset = "5";

    /// <summary>Resets the peak to the current usage.</summary>
    /// <returns>Whether the system supports it.</returns>
    public static bool TryReset()
    {
        try
        {
            File.WriteAllText(ResetFile, Reset);
            return true;
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            return false;
        }
    }

    /// <summary>The peak in MiB, or null if unknown.</summary>
    public static double? ReadMiB()
    {
        if (!File.Exists(StatusFile))
            return null;
        string? line = File.ReadLines(StatusFile).FirstOrDefault(l => l.StartsWith(Field, StringComparison.Ordinal));
        string? number = line?[Field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim();
        return long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long kibibytes) ? kibibytes / 1024.0 : null;
    }
}
