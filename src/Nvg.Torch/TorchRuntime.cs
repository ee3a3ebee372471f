using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Nvg.Torch.Interop;

namespace Nvg.Torch;

/// <summary>
/// Loading of the native library and settings of the process. Order of the search: <see cref="LibraryPath"/>, the
/// environment variable <c>NVG_NATIVE</c>, the folders of the application and of this assembly, and the native folders
/// of packages (<c>runtimes/linux-x64/native</c>).
/// </summary>
public static unsafe partial class TorchRuntime
{
    private const string FileName = "libnvg_torch.so";
    private const string PathVariable = "NVG_NATIVE";
    private const string PackageName = "Nvg.Native.linux-x64";
    private static readonly Lock LoadLock = new();
    private static nint _library;

    /// <summary>An explicit path of the native library; to be set before the first tensor is made.</summary>
    public static string? LibraryPath { get; set; }

    /// <summary>The path the library was loaded from, or null before.</summary>
    public static string? LoadedPath { get; private set; }

    /// <summary>Version of the loaded libtorch.</summary>
    public static string Version => Native.ReadText(Native.nvgt_torch_version);

    /// <summary>How the loaded libtorch was built and which libraries it computes with.</summary>
    public static string BuildSettings => Native.ReadText(Native.nvgt_build_settings);

    /// <summary>Threads that one operation may use on the CPU.</summary>
    public static int ThreadCount
    {
        get
        {
            int count;
            Native.Check(Native.nvgt_get_thread_count(&count), "thread count");
            return count;
        }

        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            Native.Check(Native.nvgt_set_thread_count(value), "thread count");
        }
    }

    /// <summary>GPUs that the loaded libtorch can use.</summary>
    public static int CudaDeviceCount
    {
        get
        {
            int count;
            Native.Check(Native.nvgt_cuda_device_count(&count), "CUDA devices");
            return count;
        }
    }

    /// <summary>Loads the native library now, so that a failure shows here and not in the middle of the work.</summary>
    /// <exception cref="TorchLoadException">Every path tried, the loader's words and the fix.</exception>
    public static void Load()
    {
        lock (LoadLock)
        {
            if (_library == 0)
                _library = Find();
        }
    }

    /// <summary>Waits until a device has done all work given to it.</summary>
    public static void Synchronize(Device device) => Native.Check(Native.nvgt_synchronize((int)device.Type, device.Index), "synchronize");

    /// <summary>Whether float32 matrix products on a GPU may run in TensorFloat-32.</summary>
    public static void AllowTensorFloat32(bool allowed) => Native.Check(Native.nvgt_set_allow_tf32(allowed ? (byte)1 : (byte)0), "TF32");

#pragma warning disable CA2255 // Only registers the search; nothing is loaded before the first call or Load().
    [ModuleInitializer]
    internal static void RegisterSearch() =>
        NativeLibrary.SetDllImportResolver(typeof(TorchRuntime).Assembly, (name, _, _) =>
        {
            if (name != Native.Library)
                return 0;
            Load();
            return _library;
        });
#pragma warning restore CA2255

    private static nint Find()
    {
        ChooseBlasKernels();
        LimitSpinning();
        KeepQuiet();
        string[] candidates = [.. Candidates().Distinct()];
        var tried = new List<string>();
        foreach (string path in candidates)
        {
            if (!File.Exists(path))
                tried.Add($"{path}: no such file");
            else if (TryLoad(path, out nint library) is { } problem)
                tried.Add($"{path}: {problem}");
            else
                return library;
        }

        throw new TorchLoadException(
            $"the native library could not be loaded; tried {string.Join("; ", tried)}. Reference the package {PackageName} that was "
            + $"built for the installed libtorch, or build the library from a checkout with ./nvg doctor and name it in {PathVariable}; "
            + "libtorch itself must be installed (Debian: libtorch-dev) or be found through LD_LIBRARY_PATH")
        {
            Paths = candidates,
        };
    }

    // The reason why a file that exists cannot be used, or null.
    private static string? TryLoad(string path, out nint library)
    {
        library = 0;
        try
        {
            library = NativeLibrary.Load(path);
            var version = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, nameof(Native.nvgt_abi_version));
            if (version() != Native.AbiVersion)
                return $"it has interface version {version()}, this build needs {Native.AbiVersion}";
            LoadedPath = path;
            return null;
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            return error.Message.ReplaceLineEndings(" ");
        }
    }

    private static IEnumerable<string> Candidates()
    {
        if (LibraryPath is { } explicitPath)
            yield return Path.GetFullPath(explicitPath);
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } named)
            yield return Path.GetFullPath(named);
        string package = Path.Combine("runtimes", RuntimeInformation.RuntimeIdentifier, "native");
        string beside = Path.GetDirectoryName(typeof(TorchRuntime).Assembly.Location) ?? "";
        foreach (string folder in new[] { AppContext.BaseDirectory, beside }.Where(folder => folder.Length > 0))
        {
            yield return Path.Combine(folder, FileName);
            yield return Path.Combine(folder, package, FileName);
        }

        // The host's list, from the application's .deps.json: it leads into the package cache for an application that runs
        // from its build folder.
        string hosted = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        foreach (string folder in hosted.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            yield return Path.Combine(folder, FileName);
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
            _ = SetEnvironment(variable, core, 0); // .NET's own setter does not reach native code
    }

    // GNU OpenMP's threads spin for milliseconds at every barrier. Where another process has the cores, each of the many
    // small operations of a model then waits for threads that are not running: one image took 12 s instead of 1.2 s.
    private static void LimitSpinning()
    {
        if (!OperatingSystem.IsLinux() || Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is not null)
            return;
        _ = SetEnvironment("GOMP_SPINCOUNT", "1000", 0);
    }

    // libtorch also writes to standard error what it then throws.
    private static void KeepQuiet()
    {
        if (!OperatingSystem.IsLinux())
            return;
        _ = SetEnvironment("GLOG_minloglevel", "3", 0);
        _ = SetEnvironment("TORCH_CPP_LOG_LEVEL", "FATAL", 0);
    }

    [LibraryImport("libc", EntryPoint = "setenv", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int SetEnvironment(string name, string value, int overwrite);
}
