using System.Runtime.InteropServices;

namespace Nvg.Torch.Interop;

/// <summary>Locations of the native libraries of an application.</summary>
internal static class NativeFolders
{
    /// <summary>The folders of the application and of this assembly, and the native folders of packages.</summary>
    internal static IEnumerable<string> All()
    {
        string package = Path.Combine("runtimes", RuntimeInformation.RuntimeIdentifier, "native");
        string beside = Path.GetDirectoryName(typeof(NativeFolders).Assembly.Location) ?? "";
        foreach (string folder in new[] { AppContext.BaseDirectory, beside }.Where(folder => folder.Length > 0))
        {
            yield return folder;
            yield return Path.Combine(folder, package);
        }

        // The host's list from the application's .deps.json. For an application that runs from its build folder, it points into the package
        // cache.
        string hosted = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "";
        foreach (string folder in hosted.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
            yield return folder;
    }
}
