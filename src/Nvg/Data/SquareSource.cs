using Nvg.Rendering;

namespace Nvg.Data;

/// <summary>Pictures for a model from wherever they lie: files, folders, packed data sets.</summary>
public static class SquareSource
{
    /// <summary>The pictures of several places, one after the other; a packed data set stays open while they are enumerated.</summary>
    /// <param name="paths">Picture files, folders of pictures, and data sets made by <see cref="Preparation"/>.</param>
    /// <param name="side">The size of the model's pictures.</param>
    /// <exception cref="NvgDataException">A data set is damaged or has pictures of another size.</exception>
    public static IEnumerable<SquareEntry> Entries(IReadOnlyList<string> paths, int side) => paths.SelectMany(path =>
        File.Exists(Path.Combine(path, DatasetDescription.FileName)) ? Packed(path, side)
        : Directory.Exists(path) ? Folder(path, side)
        : [new SquareEntry(path, () => SquarePicture.Read(path, side)) { File = path, Header = () => PictureFile.ReadHeader(path) }]);

    private static IEnumerable<SquareEntry> Folder(string path, int side) => PictureSource.Open(path).Entries()
        .Select(entry => new SquareEntry(entry.Name, () => entry.NotAPicture is { } reason
            ? throw NvgDataException.At(entry.Name, reason)
            : PictureFile.Decode(entry.Read(), entry.Name, side).CropCentre(side, side))
        {
            File = Path.Combine(path, entry.Name),
            Header = () => PictureFile.DecodeHeader(entry.Read(), entry.Name),
        });

    private static IEnumerable<SquareEntry> Packed(string path, int side)
    {
        using PackedDataset data = PackedDataset.Open(path);
        if (data.Size != side)
            throw NvgDataException.At(path, $"has pictures of {data.Size} × {data.Size}, the model takes {side} × {side}", "prepare them with --size");
        int left = (data.StoredSize - side) / 2;
        for (int i = 0; i < data.Count; i++)
        {
            int index = i;
            yield return new SquareEntry($"{index:D6}", () =>
            {
                var picture = new RgbImage(side, side);
                data.CopyCrop(index, left, left, false, picture.Pixels);
                return picture;
            });
        }
    }
}
