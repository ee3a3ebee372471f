using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Data.Loading;

/// <summary>Reads square images for a model from files, folders and prepared data sets.</summary>
public static class SquareSource
{
    /// <summary>Enumerates the images of several paths, one after the other. A prepared data set stays open during enumeration.</summary>
    /// <param name="paths">Image files, folders of images, and data sets created by <see cref="Preparation"/>.</param>
    /// <param name="side">Side of the model's images.</param>
    /// <exception cref="NvgDataException">A data set is damaged or has images of a different size.</exception>
    public static IEnumerable<SquareEntry> Entries(IReadOnlyList<string> paths, int side) => paths.SelectMany(path =>
        ImageDataset.IsAt(path) ? Prepared(path, side)
        : Directory.Exists(path) ? Folder(path, side)
        : [Once(path, path, () => ImageFile.ReadBytes(path), side)]);

    private static IEnumerable<SquareEntry> Folder(string path, int side) => ImageSource.Open(path).Entries()
        .Select(entry => Once(
            entry.Name, Path.Combine(path, entry.Name),
            () => entry.NotAImage is { } reason ? throw NvgDataException.At(entry.Name, reason) : entry.Read(), side));

    // The bytes are fetched once for the image and its header.
    private static SquareEntry Once(string name, string file, Func<byte[]> fetch, int side)
    {
        ImageHeader? header = null;
        return new SquareEntry(name, () =>
        {
            byte[] bytes = fetch();
            RgbImage image = ImageFile.Decode(bytes, name, side).CropCentre(side, side);
            header = ImageFile.DecodeHeader(bytes, name);
            return image;
        })
        {
            File = file,
            Header = () => header ??= ImageFile.DecodeHeader(fetch(), name),
        };
    }

    private static IEnumerable<SquareEntry> Prepared(string path, int side)
    {
        using IImageDataset data = ImageDataset.Open(path);
        if (data.Size != side)
        {
            throw NvgDataException.At(
                path, $"has images of {data.Size} × {data.Size}, the model takes {side} × {side}", $"prepare them with --size {side}");
        }

        for (int i = 0; i < data.Count; i++)
        {
            int index = i;
            yield return new SquareEntry($"{index:D6}", () =>
            {
                var image = new RgbImage(side, side);
                data.CopySquare(index, ImageCrop.CentralSquare, image.Pixels);
                return image;
            });
        }
    }
}
