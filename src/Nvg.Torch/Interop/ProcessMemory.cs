using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>How the C library's allocator, from which libtorch takes its memory, treats memory that is freed.</summary>
internal static partial class ProcessMemory
{
    private const int TrimThreshold = -1, TopPad = -2, MapThreshold = -3;
    private const int Never = -1, TopPadBytes = 1 << 26, MapThresholdBytes = 1 << 30;

    // The most that glibc accepted before 2.35.
    private const int OldMapThresholdBytes = 1 << 25;

    // Whoever sets the thresholds decides. The page size (glibc.malloc.hugetlb), which nvg sets, is another matter.
    private static readonly string[] Variables = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_"];
    private static readonly string[] Tunables = ["malloc.trim_threshold", "malloc.mmap_threshold", "malloc.top_pad"];

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
            // First: each of them ends the allocator's own adaptation of this one.
            if (SetOption(MapThreshold, MapThresholdBytes) == 0 && SetOption(MapThreshold, OldMapThresholdBytes) == 0)
                return;
            _ = SetOption(TrimThreshold, Never);
            _ = SetOption(TopPad, TopPadBytes);
        }
        catch (EntryPointNotFoundException)
        {
            // musl's allocator has no options.
        }
    }

    /// <summary>Whether the environment sets what <see cref="KeepFreed"/> would.</summary>
    internal static bool IsSet => Variables.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 })
        || Environment.GetEnvironmentVariable("GLIBC_TUNABLES") is { } tunables
        && Tunables.Any(name => tunables.Contains(name, StringComparison.Ordinal));

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
