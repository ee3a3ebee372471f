using System.Runtime.InteropServices;
using Nvg.Evaluation.Studies;
using Nvg.Torch;

namespace Nvg.Cli.Terminal;

/// <summary>The machine on which a measurement was made.</summary>
/// <param name="Runtime">Version of .NET.</param>
/// <param name="System">Operating system and architecture.</param>
/// <param name="Processor">Model name of the processor.</param>
/// <param name="Cores">Cores available to this process.</param>
/// <param name="Instructions">Relevant vector and matrix instructions.</param>
/// <param name="MemoryGiB">Memory available to this process.</param>
internal sealed partial record Machine(string Runtime, string System, string Processor, int Cores, string Instructions, double MemoryGiB)
{
    private static readonly string[] Notable =
        ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_fp16", "avx512_vnni", "amx_bf16", "amx_tile", "asimd", "bf16", "sve", "i8mm"];

    /// <summary>The current machine.</summary>
    internal static Machine Current()
    {
        string[] lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];
        string[] flags = (Field(lines, "flags") ?? Field(lines, "Features") ?? "").Split(' ');
        return new Machine(
            RuntimeInformation.FrameworkDescription, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
            Field(lines, "model name") ?? "unknown", Environment.ProcessorCount, string.Join(' ', Notable.Where(flags.Contains)),
            Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30), 1));
    }

    /// <summary>An environment variable as native code sees it; .NET keeps its own copy.</summary>
    internal static string? NativeVariable(string name) => Marshal.PtrToStringUTF8(GetEnvironment(name));

    /// <summary>Path of the BLAS library that libtorch has loaded, or null if unknown.</summary>
    internal static string? LoadedBlas()
    {
        if (!File.Exists("/proc/self/maps"))
            return null;
        string[] candidates =
            [.. File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..]).Where(IsBlas).Distinct()];
        return candidates.FirstOrDefault(IsFastBlas) ?? candidates.FirstOrDefault();
    }

    /// <summary>Whether a library is OpenBLAS or MKL.</summary>
    internal static bool IsFastBlas(string path) =>
        path.Contains("openblas", StringComparison.Ordinal) || path.Contains("mkl", StringComparison.Ordinal);

    /// <summary>Peak resident memory of this process in MiB, rounded for display, or null if unknown.</summary>
    internal static double? PeakMemoryMiB() => PeakMemory.ReadMiB() is { } peak ? Math.Round(peak, 1) : null;

    /// <summary>Speed of a square matrix product in 10⁹ operations per second, the best of several runs.</summary>
    internal static double MeasureProduct(ScalarType type, int side)
    {
        const int runs = 8;
        using var scope = new TensorScope();
        using var generator = new RandomGenerator(0);
        Tensor a = Tensor.Randn([side, side], generator).To(type), b = Tensor.Randn([side, side], generator).To(type);
        double best = double.PositiveInfinity;
        for (int i = 0; i < runs; i++)
        {
            long start = global::System.Diagnostics.Stopwatch.GetTimestamp();
            a.Matmul(b).Dispose();
            best = Math.Min(best, global::System.Diagnostics.Stopwatch.GetElapsedTime(start).TotalSeconds);
            // One slow product is enough.
            if (best > 1)
                break;
        }

        return 2.0 * side * side * side / best / 1e9;
    }

    private static bool IsBlas(string path) => Path.GetFileName(path) is var name
        && (name.Contains("blas", StringComparison.Ordinal) || name.Contains("libmkl_core", StringComparison.Ordinal));

    private static string? Field(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim();

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetEnvironment(string name);
}
