using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>Configures how the C library's allocator, which libtorch uses, treats freed memory.</summary>
internal static partial class ProcessMemory
{
    private const int TrimThreshold = -1, TopPad = -2, MapThreshold = -3;
    private const int Never = -1, TopPadBytes = 1 << 26, MapThresholdBytes = 1 << 30;

    // The maximum that glibc accepted before 2.35.
    private const int OldMapThresholdBytes = 1 << 25;

    // Thresholds set by the user take precedence. The page size (glibc.malloc.hugetlb), which nvg sets, is independent of them.
    private static readonly string[] Variables = ["MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_"];
    private static readonly string[] Tunables = ["malloc.trim_threshold", "malloc.mmap_threshold", "malloc.top_pad"];

    /// <summary>
    /// Makes this process keep freed memory for later allocations. A training step frees as much memory as the next one allocates.
    /// Returning it to the system and reallocating it costs up to a fifth of the time for small models. Has no effect if the C library is
    /// not glibc, or if the environment sets allocator thresholds.
    /// </summary>
    internal static void KeepFreed()
    {
        if (!OperatingSystem.IsLinux() || IsSet)
            return;
        try
        {
            // Set first, because setting any of the options ends the allocator's automatic adjustment of this one.
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

    /// <summary>Whether the environment already sets the options of <see cref="KeepFreed"/>.</summary>
    internal static bool IsSet => Variables.Any(name => Environment.GetEnvironmentVariable(name) is { Length: > 0 })
        || Environment.GetEnvironmentVariable("GLIBC_TUNABLES") is { } tunables
        && Tunables.Any(name => tunables.Contains(name, StringComparison.Ordinal));

    [LibraryImport("libc", EntryPoint = "mallopt")]
    private static partial int SetOption(int option, int value);
}
