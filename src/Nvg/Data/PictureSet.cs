using Nvg.Rendering;

namespace Nvg.Data;

/// <summary>
/// Pictures of one size that are to be measured, read one after the other as often as wanted: an .npz (<c>arr_0</c>), a
/// folder or an archive of pictures, or a packed data set (its centre squares). Pictures come as they are: nothing is
/// resized, and one that cannot be read, or a file that is no picture by its name, is an error, so that a figure is never one of fewer pictures than it says.
/// </summary>
public sealed class PictureSet
{
    private readonly Func<IEnumerable<(string Name, RgbImage Picture)>> _read;

    private PictureSet(string path, long count, int width, int height, Func<IEnumerable<(string, RgbImage)>> read) =>
        (Path, Count, Width, Height, _read) = (path, count, width, height, read);

    /// <summary>Where they lie.</summary>
    public string Path { get; }

    /// <summary>How many.</summary>
    public long Count { get; }

    /// <summary>Columns of each.</summary>
    public int Width { get; }

    /// <summary>Rows of each.</summary>
    public int Height { get; }

    /// <summary>Whether pictures of a class lie together, as in folders and data sets; an .npz has the order that its maker gave it.</summary>
    public bool LiesByClass => !NpzFile.IsAt(Path);

    /// <summary>Opens pictures wherever they lie.</summary>
    /// <param name="path">An .npz, a folder of pictures, a .tar, .tar.gz or .tgz, or a data set made by <see cref="Preparation"/>.</param>
    /// <exception cref="NvgDataException">There are none, or they are of a kind that is not read.</exception>
    public static PictureSet Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(System.IO.Path.Combine(path, DatasetDescription.FileName)))
            return OpenPacked(path);
        return NpzFile.IsAt(path) ? OpenNpz(path) : OpenFiles(path);
    }

    /// <summary>The pictures, in the order they lie in.</summary>
    /// <param name="limit">At most so many, chosen as <see cref="EvenSample"/> does, or null for all.</param>
    /// <exception cref="NvgDataException">One cannot be read, or is of another size than the first.</exception>
    public IEnumerable<RgbImage> Pictures(long? limit = null)
    {
        long index = 0, wanted = Math.Min(limit ?? Count, Count);
        foreach ((string name, RgbImage picture) in _read())
        {
            if (!EvenSample.Contains(index++, wanted, Count))
                continue;
            if (picture.Width != Width || picture.Height != Height)
                throw NvgDataException.At(name, $"is {picture.Width} × {picture.Height} where the first picture of {Path} is {Width} × {Height}", "pictures that are measured together have one size");
            yield return picture;
        }
    }

    private static PictureSet OpenNpz(string path)
    {
        using NpzFile file = NpzFile.Open(path);
        (long count, int width, int height) = file.PictureShape();
        return count > 0 ? new PictureSet(path, count, width, height, Read) : throw NvgDataException.At(path, "holds no pictures");

        IEnumerable<(string, RgbImage)> Read()
        {
            using NpzFile again = NpzFile.Open(path);
            foreach ((int index, RgbImage picture) in again.Pictures().Index())
                yield return ($"{path}({index})", picture);
        }
    }

    private static PictureSet OpenPacked(string path)
    {
        using PackedDataset data = PackedDataset.Open(path);
        int side = data.Size;
        return new PictureSet(path, data.Count, side, side, () => SquareSource.Entries([path], side).Select(entry => (entry.Name, entry.Read())));
    }

    private static PictureSet OpenFiles(string path)
    {
        var source = PictureSource.Open(path);
        long count = 0;
        RgbImage? first = null;
        foreach (PictureEntry entry in source.Entries())
        {
            if (entry.NotAPicture is { } reason)
                throw NvgDataException.At($"{path}: {entry.Name}", reason, "leave only pictures to measure there");
            first ??= PictureFile.Decode(entry.Read(), entry.Name);
            count++;
        }

        return first is null
            ? throw NvgDataException.At(path, "holds no pictures")
            : new PictureSet(path, count, first.Width, first.Height, () => source.Entries()
                .Select(entry => (entry.Name, PictureFile.Decode(entry.Read(), entry.Name))));
    }
}
