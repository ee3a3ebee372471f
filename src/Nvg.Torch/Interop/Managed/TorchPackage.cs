using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop.Managed;

/// <summary>Finds and loads the libtorch from the packages <c>libtorch-cpu-…</c> for the managed door.</summary>
internal static class TorchPackage
{
    /// <summary>The environment variable that names the folder of a libtorch.</summary>
    internal const string FolderVariable = "NVG_LIBTORCH";

    /// <summary>The version that the operator table was created for.</summary>
    internal const string Version = "2.10";

    /// <summary>The library that the door uses; 0 if not loaded yet.</summary>
    internal static nint Handle { get; private set; }

    /// <summary>The package for this system.</summary>
    internal static string Name => $"libtorch-cpu-{RuntimeInformation.RuntimeIdentifier}";

    private static string FileName =>
        OperatingSystem.IsWindows() ? "torch_cpu.dll" : OperatingSystem.IsMacOS() ? "libtorch_cpu.dylib" : "libtorch_cpu.so";

    /// <summary>The locations to search.</summary>
    internal static LibrarySearch Search()
    {
        string? named = Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } folder ? Path.GetFullPath(folder) : null;
        IEnumerable<string> folders = named is null ? NativeFolders.All() : [named];
        return new LibrarySearch(folders.Select(f => Path.Combine(f, FileName)));
    }

    /// <summary>Loads a file.</summary>
    /// <returns>The door, or the reason why a file that exists cannot be used.</returns>
    internal static (Door? Door, string? Problem) TryOpen(string path)
    {
        try
        {
            nint library = NativeLibrary.Load(path);
            string version = VersionOf(library);
            // A rejected library stays loaded, because libtorch cannot be unloaded safely.
            if (!version.StartsWith($"{Version}.", StringComparison.Ordinal))
                return (null, $"it is libtorch {version}, the managed door needs {Version}");
            Handle = library;
            SilenceWarnings();
            return (new ManagedDoor(library, path, version), null);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            return (null, error.Message.ReplaceLineEndings(" "));
        }
    }

    // Called by address, because the runtime binds an extern only once, to the first library tried. 2.10.0 is 0x020A000000000000.
    private static unsafe string VersionOf(nint library)
    {
        var read = (delegate* unmanaged<ulong>)NativeLibrary.GetExport(library, "aoti_torch_abi_version");
        ulong version = read();
        return $"{version >> 56}.{(version >> 48) & 0xFF}.{(version >> 40) & 0xFF}";
    }

    // Only the Python binding reads TORCH_CPP_LOG_LEVEL. Without this setting, every convolution on a processor that NNPACK does not
    // support writes a line to standard error. Errors are still written, because the stable interface has no other output for their text.
    private static unsafe void SilenceWarnings()
    {
        const string level = "FLAGS_caffe2_log_level";
        const int error = 2;
        if (NativeLibrary.TryGetExport(Handle, level, out nint flag))
            *(int*)flag = error;
    }
}
