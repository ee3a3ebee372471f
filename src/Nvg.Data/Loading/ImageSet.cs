using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Imaging.Npz;

namespace Nvg.Data.Loading;

/// <summary>
/// Images of equal size for evaluation, which can be enumerated repeatedly: an .npz (<c>arr_0</c>), a folder or archive of images, or a
/// prepared data set (its centre crops). Images are not modified: nothing is resized, and a file that is not an image is an error, so no
/// metric is computed on fewer images than reported.
/// </summary>
public sealed class ImageSet
{
    private readonly Func<IEnumerable<(string Name, RgbImage Image)>> _read;

    private ImageSet(string path, long count, int width, int height, Func<IEnumerable<(string, RgbImage)>> read) =>
        (Path, Count, Width, Height, _read) = (path, count, width, height, read);

    /// <summary>The path.</summary>
    public string Path { get; }

    /// <summary>Number of images.</summary>
    public long Count { get; }

    /// <summary>Width of each image, in pixels.</summary>
    public int Width { get; }

    /// <summary>Height of each image, in pixels.</summary>
    public int Height { get; }

    /// <summary>
    /// Whether images of a class are adjacent, as in folders and data sets. The order in an .npz depends on its author.
    /// </summary>
    public bool IsSortedByClass => !NpzFile.IsAt(Path);

    /// <summary>Opens a set of images.</summary>
    /// <param name="path">
    /// An .npz, a folder or archive of images (see <see cref="ImageSource"/>), or a data set created by <see cref="Preparation"/>.
    /// </param>
    /// <exception cref="NvgDataException">There are no images, or a file is not an image.</exception>
    public static ImageSet Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (ImageDataset.IsAt(path))
            return OpenPrepared(path);
        return NpzFile.IsAt(path) ? OpenNpz(path) : OpenFiles(path);
    }

    /// <summary>Enumerates the images in order.</summary>
    /// <param name="limit">Largest number of images, selected by <see cref="EvenSample"/>; null for all.</param>
    /// <exception cref="NvgDataException">An image cannot be read, or its size differs from the first image's.</exception>
    public IEnumerable<RgbImage> Images(long? limit = null)
    {
        long index = 0, wanted = Math.Min(limit ?? Count, Count);
        foreach ((string name, RgbImage image) in _read())
        {
            if (!EvenSample.Contains(index++, wanted, Count))
                continue;
            if (image.Width != Width || image.Height != Height)
            {
                throw NvgDataException.At(
                    name,
                    $"is {image.Width} × {image.Height}, but the first image of {Path} is {Width} × {Height}",
                    "images that are measured together must have one size");
            }

            yield return image;
        }
    }

    private static ImageSet OpenNpz(string path)
    {
        using NpzFile file = NpzFile.Open(path);
        (long count, int width, int height) = file.ImageShape();
        return count > 0 ? new ImageSet(path, count, width, height, Read) : throw NvgDataException.At(path, "contains no images");

        IEnumerable<(string, RgbImage)> Read()
        {
            using NpzFile again = NpzFile.Open(path);
            foreach ((int index, RgbImage image) in again.Images().Index())
                yield return ($"{path}({index})", image);
        }
    }

    private static ImageSet OpenPrepared(string path)
    {
        using IImageDataset data = ImageDataset.Open(path);
        int side = data.Size;
        return new ImageSet(
            path, data.Count, side, side, () => SquareSource.Entries([path], side).Select(entry => (entry.Name, entry.Read())));
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
            ? throw NvgDataException.At(path, "contains no images")
            : new ImageSet(path, count, first.Width, first.Height, () => source.Entries()
                .Select(entry => (entry.Name, ImageFile.Decode(entry.Read(), entry.Name))));
    }
}
