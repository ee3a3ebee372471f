using Nvg.Data.Datasets;
using Nvg.Data.Packing;
using Nvg.Data.Sources;
using Nvg.Imaging;

namespace Nvg.Data.Loading;

/// <summary>Images for a model from wherever they lie: files, folders, packed data sets.</summary>
public static class SquareSource
{
    /// <summary>The images of several places, one after the other; a packed data set stays open while they are enumerated.</summary>
    /// <param name="paths">Image files, folders of images, and data sets made by <see cref="Preparation"/>.</param>
    /// <param name="side">The size of the model's images.</param>
    /// <exception cref="NvgDataException">A data set is damaged or has images of another size.</exception>
    public static IEnumerable<SquareEntry> Entries(IReadOnlyList<string> paths, int side) => paths.SelectMany(path =>
        File.Exists(Path.Combine(path, DatasetDescription.FileName)) ? Packed(path, side)
        : Directory.Exists(path) ? Folder(path, side)
        : [new SquareEntry(path, () => SquareImage.Read(path, side)) { File = path, Header = () => ImageFile.ReadHeader(path) }]);

    private static IEnumerable<SquareEntry> Folder(string path, int side) => ImageSource.Open(path).Entries()
        .Select(entry => new SquareEntry(entry.Name, () => entry.NotAImage is { } reason
            ? throw NvgDataException.At(entry.Name, reason)
            : ImageFile.Decode(entry.Read(), entry.Name, side).CropCentre(side, side))
        {
            File = Path.Combine(path, entry.Name),
            Header = () => ImageFile.DecodeHeader(entry.Read(), entry.Name),
        });

    private static IEnumerable<SquareEntry> Packed(string path, int side)
    {
        using PackedDataset data = PackedDataset.Open(path);
        if (data.Size != side)
            throw NvgDataException.At(path, $"has images of {data.Size} × {data.Size}, the model takes {side} × {side}", "prepare them with --size");
        int left = (data.StoredSize - side) / 2;
        for (int i = 0; i < data.Count; i++)
        {
            int index = i;
            yield return new SquareEntry($"{index:D6}", () =>
            {
                var image = new RgbImage(side, side);
                data.CopyCrop(index, left, left, false, image.Pixels);
                return image;
            });
        }
    }
}
