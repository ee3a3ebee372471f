using System.Runtime.InteropServices;
using Nvg.Torch;

namespace Nvg.Cli.Terminal;

/// <summary>What a measurement was made on.</summary>
/// <param name="Runtime">Version of .NET.</param>
/// <param name="System">Operating system and architecture.</param>
/// <param name="Processor">Model name.</param>
/// <param name="Cores">Processors that this process may use.</param>
/// <param name="Instructions">Vector and matrix instructions that matter here.</param>
/// <param name="MemoryGiB">Memory that this process may use.</param>
internal sealed partial record Machine(string Runtime, string System, string Processor, int Cores, string Instructions, double MemoryGiB)
{
    private static readonly string[] Notable =
        ["avx2", "fma", "avx512f", "avx512_bf16", "avx512_fp16", "avx512_vnni", "amx_bf16", "amx_tile", "asimd", "bf16", "sve", "i8mm"];

    internal static Machine Here()
    {
        string[] lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];
        string[] flags = (Field(lines, "flags") ?? Field(lines, "Features") ?? "").Split(' ');
        return new Machine(
            RuntimeInformation.FrameworkDescription, $"{RuntimeInformation.OSDescription}, {RuntimeInformation.ProcessArchitecture}",
            Field(lines, "model name") ?? "unknown", Environment.ProcessorCount, string.Join(' ', Notable.Where(flags.Contains)),
            Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (double)(1L << 30), 1));
    }

    /// <summary>A variable as native code sees it: .NET keeps its own copy.</summary>
    internal static string? NativeVariable(string name) => Marshal.PtrToStringUTF8(GetEnvironment(name));

    /// <summary>The library of matrix products that libtorch has loaded, or null where none shows.</summary>
    internal static string? LoadedBlas()
    {
        if (!File.Exists("/proc/self/maps"))
            return null;
        string[] candidates = [.. File.ReadLines("/proc/self/maps").Select(line => line[(line.LastIndexOf(' ') + 1)..])
            .Where(path => Path.GetFileName(path) is var name && (name.Contains("blas", StringComparison.Ordinal) || name.Contains("libmkl_core", StringComparison.Ordinal)))
            .Distinct()];
        return candidates.FirstOrDefault(c => c.Contains("openblas", StringComparison.Ordinal) || c.Contains("mkl", StringComparison.Ordinal)) ?? candidates.FirstOrDefault();
    }

    /// <summary>The most memory that this process has held at once, or null where the system does not say.</summary>
    internal static double? PeakMemoryMiB()
    {
        const string status = "/proc/self/status";
        string? peak = File.Exists(status) ? Field(File.ReadAllLines(status), "VmHWM") : null;
        return long.TryParse(peak?.Split(' ')[0], out long kibibytes) ? Math.Round(kibibytes / 1024.0, 1) : null;
    }

    /// <summary>Speed of a square matrix product in 10⁹ operations per second, the best of several.</summary>
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
            // Where products are very slow one is enough to know.
            if (best > 1)
                break;
        }

        return 2.0 * side * side * side / best / 1e9;
    }

    private static string? Field(string[] lines, string name) =>
        lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal))?.Split(':', 2)[^1].Trim();

    [LibraryImport("libc", EntryPoint = "getenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetEnvironment(string name);
}
