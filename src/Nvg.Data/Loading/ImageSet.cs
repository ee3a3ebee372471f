using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Imaging.Npz;

namespace Nvg.Data.Loading;

/// <summary>
/// Images of one size that are to be measured, read one after the other as often as wanted: an .npz (<c>arr_0</c>), a
/// folder or an archive of images, or a packed data set (its centre squares). Images come as they are: nothing is
/// resized, and one that cannot be read, or a file that is no image by its name, is an error, so that a figure is never one of fewer images than it says.
/// </summary>
public sealed class ImageSet
{
    private readonly Func<IEnumerable<(string Name, RgbImage Image)>> _read;

    private ImageSet(string path, long count, int width, int height, Func<IEnumerable<(string, RgbImage)>> read) =>
        (Path, Count, Width, Height, _read) = (path, count, width, height, read);

    /// <summary>Where they lie.</summary>
    public string Path { get; }

    /// <summary>How many.</summary>
    public long Count { get; }

    /// <summary>Columns of each.</summary>
    public int Width { get; }

    /// <summary>Rows of each.</summary>
    public int Height { get; }

    /// <summary>Whether images of a class lie together, as in folders and data sets; an .npz has the order that its maker gave it.</summary>
    public bool LiesByClass => !NpzFile.IsAt(Path);

    /// <summary>Opens images wherever they lie.</summary>
    /// <param name="path">An .npz, a folder of images, a .tar, .tar.gz or .tgz, or a data set made by <see cref="Preparation"/>.</param>
    /// <exception cref="NvgDataException">There are none, or they are of a kind that is not read.</exception>
    public static ImageSet Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (File.Exists(System.IO.Path.Combine(path, DatasetDescription.FileName)))
            return OpenPacked(path);
        return NpzFile.IsAt(path) ? OpenNpz(path) : OpenFiles(path);
    }

    /// <summary>The images, in the order they lie in.</summary>
    /// <param name="limit">At most so many, chosen as <see cref="EvenSample"/> does, or null for all.</param>
    /// <exception cref="NvgDataException">One cannot be read, or is of another size than the first.</exception>
    public IEnumerable<RgbImage> Images(long? limit = null)
    {
        long index = 0, wanted = Math.Min(limit ?? Count, Count);
        foreach ((string name, RgbImage image) in _read())
        {
            if (!EvenSample.Contains(index++, wanted, Count))
                continue;
            if (image.Width != Width || image.Height != Height)
                throw NvgDataException.At(name, $"is {image.Width} × {image.Height} where the first image of {Path} is {Width} × {Height}", "images that are measured together have one size");
            yield return image;
        }
    }

    private static ImageSet OpenNpz(string path)
    {
        using NpzFile file = NpzFile.Open(path);
        (long count, int width, int height) = file.ImageShape();
        return count > 0 ? new ImageSet(path, count, width, height, Read) : throw NvgDataException.At(path, "holds no images");

        IEnumerable<(string, RgbImage)> Read()
        {
            using NpzFile again = NpzFile.Open(path);
            foreach ((int index, RgbImage image) in again.Images().Index())
                yield return ($"{path}({index})", image);
        }
    }

    private static ImageSet OpenPacked(string path)
    {
        using PackedDataset data = PackedDataset.Open(path);
        int side = data.Size;
        return new ImageSet(path, data.Count, side, side, () => SquareSource.Entries([path], side).Select(entry => (entry.Name, entry.Read())));
    }

    private static ImageSet OpenFiles(string path)
    {
        var source = ImageSource.Open(path);
        long count = 0;
        RgbImage? first = null;
        foreach (ImageEntry entry in source.Entries())
        {
            if (entry.NotAImage is { } reason)
                throw NvgDataException.At($"{path}: {entry.Name}", reason, "leave only images to measure there");
            first ??= ImageFile.Decode(entry.Read(), entry.Name);
            count++;
        }

        return first is null
            ? throw NvgDataException.At(path, "holds no images")
            : new ImageSet(path, count, first.Width, first.Height, () => source.Entries()
                .Select(entry => (entry.Name, ImageFile.Decode(entry.Read(), entry.Name))));
    }
}
