using System.Diagnostics;
using System.Globalization;
using Nvg.Cli.Terminal;
using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Training.Planning.Facts;

namespace Nvg.Cli.Planning;

/// <summary>Measures the machine that a plan is made for.</summary>
internal static class MachineSurvey
{
    private const int Side = 1024, GpuSide = 4096, Runs = 6;

    // bfloat16 must be faster by this factor to be worth its rounding.
    private const double WorthwhileGain = 1.1;

    // Assumed if the driver's tool does not report the memory of a GPU.
    private const long AssumedGpuMemory = 12L << 30;

    /// <summary>Measures matrix products on a device.</summary>
    /// <param name="device">The device, loaded and ready.</param>
    internal static MachineFacts Run(Device device)
    {
        double single = Product(device, ScalarType.Float32), half = Product(device, ScalarType.BFloat16);
        bool isHalf = half > WorthwhileGain * single;
        return new MachineFacts
        {
            Device = device.ToString(),
            Threads = TorchRuntime.ThreadCount,
            MatrixRate = isHalf ? half : single,
            Precision = isHalf ? ScalarType.BFloat16 : ScalarType.Float32,
            MemoryBytes = device.Type == DeviceType.Cpu
                ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes
                : GpuMemory(device) ?? AssumedGpuMemory,
            HasPerceptualNetwork = HasResNet18(),
        };
    }

    /// <summary>Whether the files of ResNet-18 are found in NuGet's package folder.</summary>
    internal static bool HasResNet18()
    {
        try
        {
            return ResNet18Files.Locate() is not null;
        }
        catch (NvgDataException)
        {
            return false;
        }
    }

    // The median, because training runs at the usual speed of the machine and not at its best.
    private static double Product(Device device, ScalarType type)
    {
        int side = device.Type == DeviceType.Cpu ? Side : GpuSide;
        using var scope = new TensorScope();
        using var generator = new RandomGenerator(0, device);
        Tensor a = Tensor.Randn([side, side], generator).To(type), b = Tensor.Randn([side, side], generator).To(type);
        a.Matmul(b).Dispose();
        double[] seconds = [.. Enumerable.Range(0, Runs).Select(_ => Seconds(a, b, device)).Order()];
        return 2.0 * side * side * side / seconds[Runs / 2];
    }

    private static double Seconds(Tensor a, Tensor b, Device device)
    {
        long start = Stopwatch.GetTimestamp();
        a.Matmul(b).Dispose();
        if (device.Type != DeviceType.Cpu)
            TorchRuntime.Synchronize(device);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private static long? GpuMemory(Device device)
    {
        string index = Math.Max(0, device.Index).ToString(CultureInfo.InvariantCulture);
        var start = new ProcessStartInfo("nvidia-smi", ["--query-gpu=memory.total", "--format=csv,noheader,nounits", "-i", index])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            using Process? process = Process.Start(start);
            string text = process?.StandardOutput.ReadToEnd() ?? "";
            return long.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out long mebibytes) ? mebibytes << 20 : null;
        }
        catch (Exception error) when (error is System.ComponentModel.Win32Exception or InvalidOperationException)
        {
            ConsoleText.Note(
                $"note: the memory of {device} is not known (nvidia-smi does not run); {AssumedGpuMemory >> 30} GiB are assumed");
            return null;
        }
    }
}
