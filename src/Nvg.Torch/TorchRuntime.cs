using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Nvg.Torch.Interop;
using Nvg.Torch.Interop.Managed;

namespace Nvg.Torch;

/// <summary>
/// Loads the native library and holds process-wide settings. Search order: <see cref="LibraryPath"/>, the environment variable
/// <c>NVG_NATIVE</c>, the folders of the application and of this assembly, and the native folders of packages
/// (<c>runtimes/linux-x64/native</c>). If it is not found, or no matching libtorch is installed, the libtorch of a package
/// <c>libtorch-cpu-…</c> is searched for in the same folders, or in the folder named by <c>NVG_LIBTORCH</c>
/// (<see cref="TorchDoor.Managed"/>).
/// </summary>
public static class TorchRuntime
{
    private static readonly Lock LoadLock = new();
    private static TorchDoor? _asked;

    /// <summary>An explicit path of the native library. Must be set before the first tensor is created.</summary>
    public static string? LibraryPath { get; set; }

    /// <summary>
    /// The door to libtorch. Must be set before the first tensor is created. If it is not set, the environment variable <c>NVG_DOOR</c>
    /// (<c>compiled</c> or <c>managed</c>) is used. Once a library is loaded, returns the door in use.
    /// </summary>
    /// <exception cref="TorchLoadException">The environment variable has neither value.</exception>
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

    /// <summary>The path of the loaded library, or null if none is loaded yet: libnvg_torch, or libtorch for the managed door.</summary>
    public static string? LoadedPath => Interop.Door.Opened?.LibraryPath;

    /// <summary>Version of the loaded libtorch.</summary>
    public static string Version => Interop.Door.Current.TorchVersion;

    /// <summary>Build configuration of the loaded libtorch, including the libraries that it uses for computation.</summary>
    public static string BuildSettings => Interop.Door.Current.BuildSettings;

    /// <summary>
    /// Whether convolutions may be computed by oneDNN. False once a library is loaded whose oneDNN is missing or computes a small
    /// convolution incorrectly on this processor; libtorch's own, slower convolutions are then used.
    /// </summary>
    public static bool UsesOneDnn { get; private set; } = true;

    /// <summary>Number of threads that one operation may use on the CPU.</summary>
    public static int ThreadCount
    {
        get => Interop.Door.Current.ThreadCount;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            Interop.Door.Current.ThreadCount = value;
        }
    }

    /// <summary>Number of GPUs that the loaded libtorch can use.</summary>
    public static int CudaDeviceCount => Interop.Door.Current.CudaDeviceCount;

    /// <summary>
    /// Whether the kernels <c>nvg::…</c> of the native library can be called. Otherwise, equivalent compositions of libtorch operators are
    /// used.
    /// </summary>
    internal static bool HasKernels => Interop.Door.Current.HasKernels;

    /// <summary>Loads the native library now, so that a failure occurs here instead of later during work.</summary>
    /// <exception cref="TorchLoadException">
    /// Loading failed; the message contains every path tried, the loader's error and the fix.
    /// </exception>
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

    /// <summary>Waits until a device has finished all submitted work.</summary>
    public static void Synchronize(Device device) => Interop.Door.Current.Synchronize(device);

    /// <summary>Whether float32 matrix products on a GPU may run in TensorFloat-32.</summary>
    public static void AllowTensorFloat32(bool allowed) => Interop.Door.Current.AllowTensorFloat32(allowed);

#pragma warning disable CA2255 // Only registers the resolver; nothing is loaded before the first call or Load().
    [ModuleInitializer]
    internal static void RegisterSearch() =>
        NativeLibrary.SetDllImportResolver(typeof(TorchRuntime).Assembly, (name, _, _) => name switch
        {
            Native.Library => CompiledHandle(),
            StableExports.Library => TorchPackage.Handle,
            _ => 0,
        });
#pragma warning restore CA2255

    // A door calls its own exports while it is being opened. Other callers need features that only the compiled library has.
    private static nint CompiledHandle()
    {
        if (CompiledLibrary.Handle == 0)
            Load();
        return CompiledLibrary.Handle != 0
            ? CompiledLibrary.Handle
            : throw new TorchException($"the managed door is open: {ManagedDoor.WayOut}");
    }

    // OpenBLAS selects its kernels by processor model and falls back to kernels from 2004 for unknown models, as 0.3.21 does on recent
    // Xeons: matrix products then run five times slower. The processor's actual capabilities are known here.
    private static void ChooseBlasKernels()
    {
        const string variable = "OPENBLAS_CORETYPE";
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable(variable) is not null)
            return;
        string? core = Avx512F.IsSupported ? "SkylakeX" : Avx2.IsSupported ? "Haswell" : null;
        if (core is not null)
            NativeEnvironment.SetDefault(variable, core);
    }

    // GNU OpenMP's threads spin for milliseconds at every barrier. If another process occupies the cores, each of a model's many small
    // operations then waits for threads that are not running: one image took 12 s instead of 1.2 s.
    private static void LimitSpinning()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is not null)
            return;
        NativeEnvironment.SetDefault("GOMP_SPINCOUNT", "1000");
    }

    // libtorch also writes errors that it throws to standard error.
    private static void KeepQuiet()
    {
        if (!OperatingSystem.IsLinux())
            return;
        NativeEnvironment.SetDefault("GLOG_minloglevel", "3");
        NativeEnvironment.SetDefault("TORCH_CPP_LOG_LEVEL", "FATAL");
    }
}
