namespace Nvg.Testing;

/// <summary>The repository that the tests were built from.</summary>
internal static class Repository
{
    private static readonly string[] BuildFolders = ["bin", "obj", "build"];

    /// <summary>The folder that contains <c>nvg.slnx</c>.</summary>
    internal static string Root { get; } = Find();

    /// <summary>Full path of a file or folder.</summary>
    /// <param name="relative">Path below the root, with forward slashes.</param>
    internal static string PathOf(string relative) => Path.Combine(Root, relative.Replace('/', Path.DirectorySeparatorChar));

    /// <summary>Path below the root, with forward slashes.</summary>
    internal static string RelativePath(string path) => Path.GetRelativePath(Root, path).Replace(Path.DirectorySeparatorChar, '/');

    /// <summary>All source files below a folder, except build outputs.</summary>
    /// <param name="folder">Path below the root.</param>
    /// <param name="extensions">Extensions including the dot.</param>
    internal static IEnumerable<string> SourceFiles(string folder, params string[] extensions)
    {
        string start = PathOf(folder);
        IEnumerable<string> files = Directory.EnumerateFiles(start).Where(file => extensions.Contains(Path.GetExtension(file)));
        IEnumerable<string> folders = Directory.EnumerateDirectories(start).Where(child => !BuildFolders.Contains(Path.GetFileName(child)));
        return files.Order(StringComparer.Ordinal)
            .Concat(folders.Order(StringComparer.Ordinal).SelectMany(child => SourceFiles(RelativePath(child), extensions)));
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "nvg.slnx")))
                return folder.FullName;
        }

        throw new InvalidOperationException($"no folder above {AppContext.BaseDirectory} contains nvg.slnx");
    }
}
