using Nvg.Data.Files;
using Nvg.Torch.Files;

namespace Nvg.Data.Sources;

/// <summary>
/// A source of labelled images: a folder with everything below it, or an archive, which is read in one pass. The kind of a file is
/// determined by its content, not its name.
/// <list type="bullet">
/// <item>tar, uncompressed or compressed with gzip, including WebDataset shards and CIFAR archives;</item>
/// <item>zip, including an .npz with images and labels;</item>
/// <item>Parquet with a column of encoded images, in the Hugging Face format;</item>
/// <item>several shards, specified as a pattern: <c>train-{000..009}.tar</c>.</item>
/// </list>
/// <para>The class of an image is the first folder of its path; images that are not in a folder have the class <see cref="FlatClass"/>.
/// With a subset, only files below that folder are used, and paths start there: with <c>train</c>, <c>train/cat/1.jpg</c> has the class
/// <c>cat</c>. An archive within a folder or another archive counts as a folder with its name.</para>
/// <para>Every file that is not read is returned as an entry with a reason, so nothing is skipped silently.</para>
/// </summary>
public abstract class ImageSource
{
    /// <summary>The class of images that are not in a folder.</summary>
    public const string FlatClass = "all";

    /// <summary>Larger encoded images are rejected, because reading one would require its full size in memory.</summary>
    private protected const long LargestFile = 1L << 28;

    private double _shareRead = double.NaN;

    private protected ImageSource(string path, string? subset) =>
        (Path, Subset) = (path, subset is null ? null : ForeignName.WithSlashes(subset).Trim('/') is { Length: > 0 } s ? s : null);

    /// <summary>The folder or archive.</summary>
    public string Path { get; }

    /// <summary>The inner folder to which the source is limited, without leading or trailing slashes; null for everything.</summary>
    public string? Subset { get; }

    /// <summary>
    /// Share of the source that has been enumerated, from 0 to 1, by bytes or files; null if not known yet. May be read from a thread other
    /// than the enumerating one.
    /// </summary>
    internal virtual double? ShareRead => Volatile.Read(ref _shareRead) is var share && double.IsNaN(share) ? null : share;

    /// <summary>Opens a folder, an archive, or several shards.</summary>
    /// <param name="path">A folder, a file, or a pattern of files with numbers in braces.</param>
    /// <param name="subset">The inner folder to which to limit the source, such as <c>train</c>; null for everything.</param>
    /// <exception cref="NvgDataException">The folder or file does not exist, or is not a source of images.</exception>
    public static ImageSource Open(string path, string? subset = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (Directory.Exists(path))
            return new FolderImageSource(path, subset);
        if (!File.Exists(path) && ShardPattern.Expand(path) is { Count: > 0 } shards)
            return new ShardedImageSource(path, subset, [.. shards.Select(shard => OpenFile(shard, subset))]);
        return OpenFile(path, subset);
    }

    /// <summary>Selects a part of this source: either every n-th image, or all others.</summary>
    /// <param name="every">One image of this many is held out; 0 for none.</param>
    /// <param name="heldOut">Whether to select the held-out images instead of the others.</param>
    /// <param name="ignoresClasses">Whether all images have the class <see cref="FlatClass"/>.</param>
    internal ImageSource Part(int every, bool heldOut, bool ignoresClasses) => new PartOfSource(this, every, heldOut, ignoresClasses);

    /// <summary>
    /// Enumerates the files, always in the same order: for a folder, by class and then by path, both by code unit; for an archive, in the
    /// archive's order. Ignored files, such as hidden ones, are not included.
    /// </summary>
    /// <exception cref="NvgDataException">The source is damaged.</exception>
    public IEnumerable<ImageEntry> Entries() => AllEntries().Where(entry => !entry.IsPassedOver);

    /// <summary>Enumerates all files, including ignored ones; see <see cref="Entries"/>.</summary>
    /// <exception cref="NvgDataException">The source is damaged.</exception>
    public abstract IEnumerable<ImageEntry> AllEntries();

    /// <summary>Records how much has been read.</summary>
    /// <param name="done">Number of bytes, files or images read.</param>
    /// <param name="all">Total number.</param>
    private protected void NoteRead(double done, double all) =>
        Volatile.Write(ref _shareRead, all > 0 ? Math.Clamp(done / all, 0, 1) : double.NaN);

    /// <summary>Opens a file of a known kind as a source.</summary>
    private protected static ImageSource OpenFile(string path, string? subset)
    {
        if (!File.Exists(path))
            throw NvgDataException.At(path, "no such folder or file");
        FileKind kind = ArchiveFile.KindOf(path);
        return kind.Role switch
        {
            FileRole.Tar => new TarImageSource(path, subset),
            FileRole.Zip => new ZipImageSource(path, subset),
            FileRole.Parquet => new ParquetImageSource(path, subset),
            FileRole.Image => throw NvgDataException.At(path, $"is {kind.Description}, not a collection", "give its folder"),
            _ => throw NvgDataException.At(path, kind.NotASource, "give a folder, or a tar, tar.gz, zip or Parquet file of images"),
        };
    }

    /// <summary>The path below the subset, or null if the file is outside it.</summary>
    private protected string? NameInSubset(string name)
    {
        if (Subset is null)
            return name;
        return name.StartsWith(Subset + "/", StringComparison.Ordinal) ? name[(Subset.Length + 1)..] : null;
    }

    /// <summary>Converts an entry within the subset to its path there.</summary>
    private protected ImageEntry InSubset(ImageEntry entry) =>
        Subset is null ? entry : new ImageEntry(NameInSubset(entry.Name)!, ClassOf(NameInSubset(entry.Name)!), entry.Read);

    /// <summary>The class of a path: its first folder.</summary>
    internal static string ClassOf(string name) =>
        name.IndexOf('/', StringComparison.Ordinal) is > 0 and var end ? ClassNamed(name[..end]) : FlatClass;

    /// <summary>The name of a class in the form used in labels, where leading and trailing spaces would be lost.</summary>
    internal static string ClassNamed(string text) => ForeignName.WithSpaces(text);

    /// <summary>The reason why a file or folder is ignored by convention, based on a part of its path; null if it is not.</summary>
    private protected static string? PassedOver(string part) => part switch
    {
        "__MACOSX" => "belongs to the metadata of macOS",
        ['.', ..] => "is hidden: its name starts with a dot",
        _ => null,
    };

    /// <summary>
    /// Resolves a member of an archive: returns its path below the subset, or creates an entry with the reason why it is ignored. Null
    /// outside the subset.
    /// </summary>
    /// <param name="path">The path as text, see <see cref="ForeignName"/>.</param>
    /// <param name="passedOver">The entry of an ignored member.</param>
    private protected string? Locate(string path, out ImageEntry? passedOver)
    {
        passedOver = null;
        string[] parts = [.. path.Split('/').Where(part => part.Length > 0 && part is not ("." or ".."))];
        string? name = parts.Length == 0 ? null : NameInSubset(string.Join('/', parts));
        if (string.IsNullOrEmpty(name))
            return null;
        if (name.Split('/').Select(PassedOver).FirstOrDefault(reason => reason is not null) is not { } hidden)
            return name;
        passedOver = new ImageEntry(name, hidden) { IsPassedOver = true };
        return null;
    }
}
