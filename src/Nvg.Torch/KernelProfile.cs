using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>Records the kernels that a device runs, with libtorch's profiler.</summary>
internal static unsafe class KernelProfile
{
    /// <summary>Runs work and writes what the device did meanwhile as Chrome's trace events (JSON).</summary>
    /// <param name="path">The file; a name that ends in <c>.gz</c> is compressed where libtorch supports it.</param>
    /// <param name="device">Where the work runs.</param>
    /// <param name="work">The work. The device is synchronized before and after it.</param>
    /// <exception cref="TorchException">This libtorch, or this build of the native library, has no profiler of kernels.</exception>
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
