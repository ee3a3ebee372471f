using System.Globalization;
using System.IO.Compression;
using Nvg.Data.Files;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Torch.Files;

namespace Nvg.Data.Sources;

/// <summary>
/// The images of a zip archive, in the same order as for a folder. Also supports an .npz with an array of images and an array of labels.
/// </summary>
internal sealed class ZipImageSource(string path, string? subset) : ImageSource(path, subset)
{
    private const string ImageArray = "arr_0";

    // Type bits of a Unix mode, which zip stores in the upper half of the attributes.
    private const int TypeMask = 0xF000, RegularFile = 0x8000, SymbolicLink = 0xA000;

    private static readonly string[] LabelArrays = ["arr_1", "labels", "label"];

    /// <inheritdoc/>
    public override IEnumerable<ImageEntry> AllEntries() => IsNpz() ? ArrayEntries() : FileEntries();

    private bool IsNpz()
    {
        using ZipArchive zip = OpenZip();
        return zip.Entries.Count > 0 && zip.Entries.All(entry => entry.FullName.EndsWith(".npy", StringComparison.Ordinal));
    }

    private ZipArchive OpenZip() => ArchiveFile.Read(Path, null, () =>
    {
        ZipArchive zip = ZipFile.Open(Path, ZipArchiveMode.Read, new ByteNameEncoding());
        // The directory is read on first access.
        _ = zip.Entries.Count;
        return zip;
    });

    private IEnumerable<ImageEntry> FileEntries()
    {
        using ZipArchive zip = OpenZip();
        var sample = new ShardSample();
        var cifar = new CifarArchive();
        // Programs store files in disk order. Sorting ensures that the same files give the same data.
        var items = zip.Entries.Select(item => (Item: item, Path: PathOf(item)))
            .OrderBy(item => ClassOf(item.Path), StringComparer.Ordinal).ThenBy(item => item.Path, StringComparer.Ordinal);
        int done = 0;
        foreach ((ZipArchiveEntry item, string path) in items)
        {
            NoteRead(done++, zip.Entries.Count);
            if (item.FullName is [.., '/' or '\\'])
                continue;
            if (CifarArchive.IsPart(path) && Obstacle(item) is null)
            {
                cifar.Add(path, ArchiveFile.Read(Path, path, () => Content(item)));
                continue;
            }

            if (Locate(path, out ImageEntry? passedOver) is not { } name)
            {
                if (passedOver is not null)
                    yield return passedOver;
                continue;
            }

            if (Obstacle(item) is { } obstacle)
            {
                yield return new ImageEntry(name, obstacle);
                continue;
            }

            byte[] content = ArchiveFile.Read(Path, path, () => Content(item));
            foreach (ImageEntry entry in sample.Add(name, FileKind.Of(content), content))
                yield return entry;
        }

        foreach (ImageEntry entry in sample.Take())
            yield return entry;
        foreach (ImageEntry entry in cifar.Take().Where(entry => NameInSubset(entry.Name) is not null))
            yield return InSubset(entry);
    }

    // Some Windows programs separate folders with backslashes, which violates the specification.
    private static string PathOf(ZipArchiveEntry item) => ForeignName.WithSlashes(ByteNameEncoding.TextOf(item.FullName));

    private static string? Obstacle(ZipArchiveEntry item)
    {
        int type = (item.ExternalAttributes >> 16) & TypeMask;
        if (type == SymbolicLink)
            return "is a symbolic link inside the archive, which is not followed";
        if (type is not (0 or RegularFile))
            return "is a special file, which is not read";
        if (item.IsEncrypted)
            return "is encrypted, which is not read";
        return item.Length > LargestFile ? $"is larger than {LargestFile >> 20} MiB" : null;
    }

    private static byte[] Content(ZipArchiveEntry item)
    {
        using Stream stream = item.Open();
        byte[] content = new byte[item.Length];
        stream.ReadExactly(content);
        return stream.ReadByte() < 0 ? content : throw new InvalidDataException("a file is longer than the directory says");
    }

    private IEnumerable<ImageEntry> ArrayEntries()
    {
        using NpzFile file = NpzFile.Open(Path);
        int[]? labels = LabelArrays.FirstOrDefault(file.Names.Contains) is { } array ? file.Read(array).ToLabels() : null;
        long count = file.ImageShape(ImageArray).Count;
        if (labels is not null && labels.Length != count)
            throw NvgDataException.At(Path, $"has {count} images and {labels.Length} labels");
        int digits = (count - 1).ToString(CultureInfo.InvariantCulture).Length;
        foreach ((int index, RgbImage image) in file.Images(ImageArray).Index())
        {
            NoteRead(index, count);
            string number = index.ToString(CultureInfo.InvariantCulture).PadLeft(digits, '0');
            string name = labels is null ? $"{number}.png" : $"{labels[index]}/{number}.png";
            if (NameInSubset(name) is { } inside)
                yield return new ImageEntry(inside, ClassOf(inside), () => ImageFile.Encode(image, ImageFormat.Png));
        }
    }
}
