using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Nvg.Torch.Interop;
using Nvg.Torch.Interop.Managed;

namespace Nvg.Torch;

/// <summary>
/// Loading of the native library and settings of the process. Order of the search: <see cref="LibraryPath"/>, the
/// environment variable <c>NVG_NATIVE</c>, the folders of the application and of this assembly, and the native folders
/// of packages (<c>runtimes/linux-x64/native</c>). Where there is none, or no libtorch is installed for it, the libtorch of a
/// package <c>libtorch-cpu-…</c> is looked for in the same folders, or in the one that <c>NVG_LIBTORCH</c> names
/// (<see cref="TorchDoor.Managed"/>).
/// </summary>
public static class TorchRuntime
{
    private static readonly Lock LoadLock = new();
    private static TorchDoor? _asked;

    /// <summary>An explicit path of the native library; to be set before the first tensor is made.</summary>
    public static string? LibraryPath { get; set; }

    /// <summary>
    /// Which way into libtorch to use; to be set before the first tensor is made. The environment variable <c>NVG_DOOR</c>
    /// (<c>compiled</c> or <c>managed</c>) is read where this is not set. Once a library is loaded, the way that was taken.
    /// </summary>
    /// <exception cref="TorchLoadException">The environment variable is neither.</exception>
    public static TorchDoor Door
    {
        get => Interop.Door.Opened switch
        {
            null => _asked ?? DoorChoice.FromEnvironment(),
            CompiledDoor => TorchDoor.Compiled,
            _ => TorchDoor.Managed,
        };
        set => _asked = value;
    }

    /// <summary>The path of the library that was loaded, or null before: libnvg_torch, or libtorch for the managed door.</summary>
    public static string? LoadedPath => Interop.Door.Opened?.LibraryPath;

    /// <summary>Version of the loaded libtorch.</summary>
    public static string Version => Interop.Door.Current.TorchVersion;

    /// <summary>How the loaded libtorch was built and which libraries it computes with.</summary>
    public static string BuildSettings => Interop.Door.Current.BuildSettings;

    /// <summary>
    /// Whether convolutions may be computed by oneDNN. False once a library is loaded whose oneDNN is missing or computes a small
    /// convolution wrongly on this processor; libtorch's own, slower convolutions serve then.
    /// </summary>
    public static bool UsesOneDnn { get; private set; } = true;

    /// <summary>Threads that one operation may use on the CPU.</summary>
    public static int ThreadCount
    {
        get => Interop.Door.Current.ThreadCount;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            Interop.Door.Current.ThreadCount = value;
        }
    }

    /// <summary>GPUs that the loaded libtorch can use.</summary>
    public static int CudaDeviceCount => Interop.Door.Current.CudaDeviceCount;

    /// <summary>Whether the kernels <c>nvg::…</c> of the native library can be called; else their composed twins serve.</summary>
    internal static bool HasKernels => Interop.Door.Current.HasKernels;

    /// <summary>Loads the native library now, so that a failure shows here and not in the middle of the work.</summary>
    /// <exception cref="TorchLoadException">Every path tried, the loader's words and the fix.</exception>
    public static void Load()
    {
        lock (LoadLock)
        {
            if (Interop.Door.Opened is not null)
                return;
            ChooseBlasKernels();
            LimitSpinning();
            KeepQuiet();
            Interop.Door door = DoorChoice.Open(_asked ?? DoorChoice.FromEnvironment(), LibraryPath);
            UsesOneDnn = door is not CompiledDoor || CompiledDoor.CheckOneDnn();
            Interop.Door.Use(door);
        }
    }

    /// <summary>Waits until a device has done all work given to it.</summary>
    public static void Synchronize(Device device) => Interop.Door.Current.Synchronize(device);

    /// <summary>Whether float32 matrix products on a GPU may run in TensorFloat-32.</summary>
    public static void AllowTensorFloat32(bool allowed) => Interop.Door.Current.AllowTensorFloat32(allowed);

#pragma warning disable CA2255 // Only registers the search; nothing is loaded before the first call or Load().
    [ModuleInitializer]
    internal static void RegisterSearch() =>
        NativeLibrary.SetDllImportResolver(typeof(TorchRuntime).Assembly, (name, _, _) => name switch
        {
            Native.Library => CompiledHandle(),
            StableExports.Library => TorchPackage.Handle,
            _ => 0,
        });
#pragma warning restore CA2255

    // A door calls its own exports while it is being opened. Other callers are what only the compiled library does.
    private static nint CompiledHandle()
    {
        if (CompiledLibrary.Handle == 0)
            Load();
        return CompiledLibrary.Handle != 0
            ? CompiledLibrary.Handle
            : throw new TorchException($"the managed door is open: {ManagedDoor.WayOut}");
    }

    // OpenBLAS picks its kernels by processor model and falls back to 2004's when it does not know the model, as 0.3.21
    // does on recent Xeons: matrix products then run five times slower. What the processor can do is known here.
    private static void ChooseBlasKernels()
    {
        const string variable = "OPENBLAS_CORETYPE";
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(variable) is not null)
            return;
        string? core = Avx512F.IsSupported ? "SkylakeX" : Avx2.IsSupported ? "Haswell" : null;
        if (core is not null)
            NativeEnvironment.SetDefault(variable, core);
    }

    // GNU OpenMP's threads spin for milliseconds at every barrier. Where another process has the cores, each of the many
    // small operations of a model then waits for threads that are not running: one image took 12 s instead of 1.2 s.
    private static void LimitSpinning()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is not null)
            return;
        NativeEnvironment.SetDefault("GOMP_SPINCOUNT", "1000");
    }

    // libtorch also writes to standard error what it then throws.
    private static void KeepQuiet()
    {
        if (!OperatingSystem.IsLinux())
            return;
        NativeEnvironment.SetDefault("GLOG_minloglevel", "3");
        NativeEnvironment.SetDefault("TORCH_CPP_LOG_LEVEL", "FATAL");
    }
}
