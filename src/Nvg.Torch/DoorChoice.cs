using Nvg.Torch.Interop;
using Nvg.Torch.Interop.Managed;

namespace Nvg.Torch;

/// <summary>
/// Chooses the door of the process: the compiled one if its library and a libtorch are available, otherwise the managed one.
/// </summary>
internal static class DoorChoice
{
    /// <summary>The environment variable that selects a door.</summary>
    internal const string Variable = "NVG_DOOR";

    private const string NativePackage = "Nvg.Native.linux-x64";

    /// <summary>Opens a door.</summary>
    /// <param name="asked">The requested door, or automatic.</param>
    /// <param name="libraryPath">An explicit path of the compiled library, or null.</param>
    /// <exception cref="TorchLoadException">No door can be opened; the message lists every path tried and possible remedies.</exception>
    internal static Door Open(TorchDoor asked, string? libraryPath)
    {
        LibrarySearch compiled = CompiledLibrary.Search(libraryPath), managed = TorchPackage.Search();
        bool wantsCompiled = asked == TorchDoor.Compiled
            || asked == TorchDoor.Automatic && (CompiledLibrary.IsNamed(libraryPath) || compiled.Exists || !managed.Exists);
        if (!wantsCompiled)
            return managed.Open(TorchPackage.TryOpen) ?? throw NoManaged(managed);
        if (compiled.Open(CompiledLibrary.TryOpen) is { } door)
            return door;
        // A compiled library that exists but cannot be used is an error; otherwise its users would silently lose training and speed. If no
        // libtorch is installed at all, the user cannot have intended to use it.
        bool mayReplace = asked == TorchDoor.Automatic && !CompiledLibrary.IsNamed(libraryPath) && !CompiledLibrary.HasLibtorch();
        return (mayReplace && managed.Exists ? managed.Open(TorchPackage.TryOpen) : null) ?? throw NoCompiled(compiled);
    }

    /// <summary>The door that the environment selects.</summary>
    internal static TorchDoor FromEnvironment() => Environment.GetEnvironmentVariable(Variable) switch
    {
        null or "" => TorchDoor.Automatic,
        "compiled" => TorchDoor.Compiled,
        "managed" => TorchDoor.Managed,
        var other => throw new TorchLoadException($"{Variable} is '{other}': compiled, managed, or not set"),
    };

    private static TorchLoadException NoCompiled(LibrarySearch search) => new(
        $"the native library could not be loaded; tried {search.Problems}. Reference the package {NativePackage} that was "
        + $"built for the installed libtorch, or build the library from a checkout with ./nvg doctor and name it in "
        + $"{CompiledLibrary.PathVariable}; libtorch itself must be installed (Debian: libtorch-dev) or be found through "
        + $"LD_LIBRARY_PATH. Without compiler and libtorch, the package {TorchPackage.Name} {TorchPackage.Version}.0 is enough to "
        + $"generate images (docs/doors.md)")
    {
        Paths = search.Paths,
    };

    private static TorchLoadException NoManaged(LibrarySearch search) => new(
        $"libtorch for the managed door could not be loaded; tried {search.Problems}. Reference the package {TorchPackage.Name} "
        + $"{TorchPackage.Version}.0, or name the folder of a libtorch {TorchPackage.Version} in {TorchPackage.FolderVariable}")
    {
        Paths = search.Paths,
    };
}
