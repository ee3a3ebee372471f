using Nvg.Imaging;

namespace Nvg.Data.Sources;

/// <summary>
/// Where images come from: a folder with everything below it, or a tar archive (.tar, .tar.gz, .tgz), read in one pass.
/// <para>The class of an image is the first folder of its path; images that lie in no folder are of the class
/// <see cref="FlatClass"/>. With a subset, only what lies below that folder counts and paths start there:
/// with <c>train</c>, <c>train/cat/1.jpg</c> is of the class <c>cat</c>.</para>
/// <para>A .tar inside an archive stands for a folder of its name, so that ImageNet's archive of archives can be read as it is.</para>
/// <para>Hidden files and folders (a leading dot) and <c>__MACOSX</c> are passed over; other files that are no images by
/// their names come out as entries with a reason, so that nothing is left out unseen.</para>
/// </summary>
public abstract class ImageSource
{
    /// <summary>The class of images that lie in no folder.</summary>
    public const string FlatClass = "all";

    private static readonly string[] ArchiveExtensions = [".tar", ".tar.gz", ".tgz"];

    private protected ImageSource(string path, string? subset) =>
        (Path, Subset) = (path, subset is null ? null : subset.Replace('\\', '/').Trim('/') is { Length: > 0 } s ? s : null);

    /// <summary>The folder or the archive.</summary>
    public string Path { get; }

    /// <summary>The folder inside to which the source is limited, without slashes at its ends, or null for everything.</summary>
    public string? Subset { get; }

    /// <summary>Opens a folder or an archive.</summary>
    /// <param name="path">A folder, or a file ending in .tar, .tar.gz or .tgz.</param>
    /// <param name="subset">The folder inside to which to limit it, for example <c>train</c>, or null for everything.</param>
    /// <exception cref="NvgDataException">There is no such folder or archive.</exception>
    public static ImageSource Open(string path, string? subset = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            return new FolderImageSource(path, subset);
        if (!File.Exists(path))
            throw NvgDataException.At(path, "no such folder or archive");
        if (!ArchiveExtensions.Any(end => path.EndsWith(end, StringComparison.OrdinalIgnoreCase)))
            throw NvgDataException.At(path, "is no folder of images and no archive", "give a folder or a .tar, .tar.gz or .tgz");
        return new TarImageSource(path, subset);
    }

    /// <summary>
    /// The files, always in the same order: of a folder, by class and then by path, both by code unit; of an archive, in
    /// its own order.
    /// </summary>
    /// <exception cref="NvgDataException">The archive is broken.</exception>
    public abstract IEnumerable<ImageEntry> Entries();

    /// <summary>The path below the subset, or null where the file does not count.</summary>
    private protected string? NameInSubset(string name)
    {
        if (Subset is null)
            return name;
        return name.StartsWith(Subset + "/", StringComparison.Ordinal) ? name[(Subset.Length + 1)..] : null;
    }

    private protected static string ClassOf(string name) =>
        name.IndexOf('/', StringComparison.Ordinal) is > 0 and var end ? name[..end] : FlatClass;

    private protected static bool IsPassedOver(string part) => part.StartsWith('.') || part == "__MACOSX";

    /// <summary>Why a file cannot be an image, judged by its name, or null.</summary>
    private protected static string? NotAImage(string name) =>
        ImageFile.HasImageName(name) ? null : "is no image by its name";
}
