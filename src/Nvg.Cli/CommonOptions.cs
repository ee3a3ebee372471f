using System.CommandLine;
using Nvg.Torch;

namespace Nvg.Cli;

/// <summary>Options that several commands share, made anew for each.</summary>
internal static class CommonOptions
{
    internal static Option<Device> Device() => new("--device")
    {
        Description = "Where to compute: cpu, cuda or cuda:N",
        HelpName = "cpu|cuda[:n]",
        DefaultValueFactory = _ => Torch.Device.Cpu,
        CustomParser = result =>
        {
            try
            {
                return Torch.Device.Parse(result.Tokens[0].Value);
            }
            catch (FormatException error)
            {
                result.AddError(error.Message);
                return default;
            }
        },
    };

    internal static Option<int> Threads() => new("--threads")
    {
        Description = "Threads on the processor; all cores by default",
        DefaultValueFactory = _ => Environment.ProcessorCount,
        HelpName = "N",
    };

    /// <summary>Loads libtorch, sets the threads and checks that the device is there.</summary>
    /// <exception cref="UsageException">The device does not exist here, or the number of threads is not positive.</exception>
    internal static void Apply(Device device, int threads)
    {
        if (threads < 1)
            throw new UsageException($"--threads must be at least 1, not {threads}");
        TorchRuntime.Load();
        TorchRuntime.ThreadCount = threads;
        if (device.Type == DeviceType.Cuda && Math.Max(device.Index, 0) >= TorchRuntime.CudaDeviceCount)
            throw new UsageException($"--device {device}: this libtorch ({TorchRuntime.Version}) sees {TorchRuntime.CudaDeviceCount} GPUs");
    }
}
