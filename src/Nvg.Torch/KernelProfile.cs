using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>Records the kernels that a device runs, using libtorch's profiler.</summary>
internal static unsafe class KernelProfile
{
    /// <summary>Runs work and writes the device's activity during that time as Chrome trace events (JSON).</summary>
    /// <param name="path">The file. If the name ends in <c>.gz</c>, the file is compressed if libtorch supports it.</param>
    /// <param name="device">The device on which the work runs.</param>
    /// <param name="work">The work. The device is synchronized before and after it.</param>
    /// <exception cref="TorchException">This libtorch, or this build of the native library, has no kernel profiler.</exception>
    internal static void Record(string path, Device device, Action work)
    {
        TorchRuntime.Synchronize(device);
        Native.Check(Native.nvgt_profile_begin(device.Type == DeviceType.Cuda ? (byte)1 : (byte)0), "profiler");
        try
        {
            work();
            TorchRuntime.Synchronize(device);
        }
        finally
        {
            Native.Check(Native.nvgt_profile_end(path), "profiler");
        }
    }
}
