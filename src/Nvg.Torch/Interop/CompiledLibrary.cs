using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>Finds and loads <c>libnvg_torch</c>, the compiled door.</summary>
internal static unsafe class CompiledLibrary
{
    /// <summary>The environment variable that contains the path of the file.</summary>
    internal const string PathVariable = "NVG_NATIVE";

    private const string FileName = "libnvg_torch.so", Libtorch = "libtorch_cpu.so";

    /// <summary>The loaded library; 0 if not loaded yet.</summary>
    internal static nint Handle { get; private set; }

    /// <summary>The locations to search.</summary>
    /// <param name="named">A path to try first, or null.</param>
    internal static LibrarySearch Search(string? named) => new(Candidates(named));

    /// <summary>Whether a path was given. If so, no other door may be used.</summary>
    internal static bool IsNamed(string? named) => named is not null || Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 };

    /// <summary>Whether the system's loader finds a libtorch, of any version. It stays loaded.</summary>
    internal static bool HasLibtorch() => NativeLibrary.TryLoad(Libtorch, out _);

    /// <summary>Loads a file.</summary>
    /// <returns>The door, or the reason why a file that exists cannot be used.</returns>
    internal static (Door? Door, string? Problem) TryOpen(string path)
    {
        try
        {
            nint library = NativeLibrary.Load(path);
            var version = (delegate* unmanaged<int>)NativeLibrary.GetExport(library, nameof(Native.nvgt_abi_version));
            if (version() != Native.AbiVersion)
                return (null, $"it has interface version {version()}, this build needs {Native.AbiVersion}");
            Handle = library;
            return (new CompiledDoor(path), null);
        }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException or EntryPointNotFoundException)
        {
            return (null, error.Message.ReplaceLineEndings(" "));
        }
    }

    private static IEnumerable<string> Candidates(string? named)
    {
        if (named is not null)
            yield return Path.GetFullPath(named);
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } variable)
            yield return Path.GetFullPath(variable);
        foreach (string folder in NativeFolders.All())
            yield return Path.Combine(folder, FileName);
    }
}
