using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>How the C library's allocator, from which libtorch takes its memory, treats memory that is freed.</summary>
internal static partial class ProcessMemory
{
    private const int TrimThreshold = -1, TopPad = -2, MapThreshold = -3;
    private const int TopPadBytes = 1 << 26, MapThresholdBytes = 1 << 30;

    // Whoever sets the thresholds decides. The page size (glibc.malloc.hugetlb), which nvg sets, is another matter.
    private static readonly string[] Variables = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_"];
    private const string Tunables = "GLIBC_TUNABLES", Threshold = "_threshold";

    /// <summary>
    /// From now on this process keeps freed memory for its next allocations. A step of training frees as much as the next one takes;
    /// returning it to the system and taking it again costs up to a fifth of the time on small models. Without effect where the C library
    /// is not glibc, and where the environment sets thresholds of the allocator.
    /// </summary>
    internal static void KeepFreed()
    {
        if (!OperatingSystem.IsLinux() || IsSet)
            return;
        try
        {
            _ = SetOption(TrimThreshold, int.MaxValue);
            _ = SetOption(TopPad, TopPadBytes);
            _ = SetOption(MapThreshold, MapThresholdBytes);
        }
        catch (EntryPointNotFoundException)
        {
            // musl's allocator has no options.
        }
    }

    private static bool IsSet => Variables.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 })
        || Environment.GetEnvironmentVariable(Tunables)?.Contains(Threshold, StringComparison.Ordinal) == true;

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
