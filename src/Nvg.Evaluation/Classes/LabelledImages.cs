using Nvg.Data.Datasets;
using Nvg.Data.Sources;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Labels;

namespace Nvg.Evaluation.Classes;

/// <summary>
/// Reads images with classes from a prepared data set, a folder with a sub-folder per class (as <c>nvg generate -o DIR</c>
/// writes it), or an .npz with <c>arr_0</c> and, for the classes, <c>arr_1</c>, <c>labels</c> or <c>label</c>.
/// </summary>
public static class LabelledImages
{
    private static readonly string[] LabelArrays = ["arr_1", "labels", "label"];

    /// <summary>Enumerates the images in an order that depends only on the files. Images are decoded one at a time.</summary>
    /// <param name="path">Data set, folder or .npz.</param>
    /// <param name="classes">
    /// Lines of <c>labels.txt</c>, by class index; classes of folders and data sets are matched by name or identifier, see
    /// <see cref="ClassNames"/>.
    /// </param>
    /// <param name="limit">Maximum number of images, chosen by <see cref="EvenSample"/>; null for all.</param>
    /// <exception cref="NvgDataException">There are no images, a file is damaged, or a class is unknown.</exception>
    public static IEnumerable<LabelledImage> Read(string path, IReadOnlyList<string> classes, int? limit = null)
    {
        if (ImageDataset.IsAt(path))
            return Prepared(path, classes, null, limit);
        if (Directory.Exists(path))
            return Folder(path, new ClassMatch(classes, path), limit);
        if (NpzFile.IsAt(path))
            return Npz(path, classes.Count, limit);
        throw NoImages(path);
    }

    /// <summary>Number of images that <see cref="Read"/> enumerates without a limit. No image is decoded.</summary>
    /// <param name="path">Data set, folder or .npz.</param>
    /// <exception cref="NvgDataException">The path is none of these, or the file is damaged.</exception>
    public static long CountOf(string path)
    {
        if (ImageDataset.IsAt(path))
        {
            using IImageDataset data = ImageDataset.Open(path);
            return data.Count;
        }

        if (Directory.Exists(path))
            return ImageSource.Open(path).Entries().Count();
        if (!NpzFile.IsAt(path))
            throw NoImages(path);
        using NpzFile file = NpzFile.Open(path);
        return file.ImageShape().Count;
    }

    /// <summary>Enumerates images of a data set made by <c>nvg prepare</c>.</summary>
    /// <param name="path">The data set.</param>
    /// <param name="classes">As for <see cref="Read"/>.</param>
    /// <param name="choose">Selects images by index; null for all in order.</param>
    /// <param name="limit">Maximum number of images, chosen evenly; null for all.</param>
    /// <exception cref="NvgDataException">The data set is damaged, or has an unknown class.</exception>
    public static IEnumerable<LabelledImage> Prepared(
        string path, IReadOnlyList<string> classes, Func<IImageDataset, IReadOnlyList<int>>? choose, int? limit = null)
    {
        using IImageDataset data = ImageDataset.Open(path);
        var match = new ClassMatch(classes, path);
        int[] numbers = [.. data.Classes.Select(match.NumberOf)];
        IReadOnlyList<int> all = choose?.Invoke(data) ?? [.. Enumerable.Range(0, data.Count)];
        foreach (int place in EvenSample.Of(all.Count, limit))
        {
            int index = all[place];
            var image = new RgbImage(data.Size, data.Size);
            data.CopySquare(index, ImageCrop.CentralSquare, image.Pixels);
            yield return new LabelledImage($"{path}[{index}]", image, numbers[data.Label(index)]);
        }
    }

    private static NvgDataException NoImages(string path) =>
        NvgDataException.At(path, "is not a data set, a folder or an .npz of images", "check the path");

    private static IEnumerable<LabelledImage> Folder(string path, ClassMatch match, int? limit)
    {
        // All names are checked before any image is decoded, including those of images that are not chosen.
        var all = new List<(ImageEntry Entry, int? Label)>();
        var numbers = new Dictionary<string, int?> { [ImageSource.FlatClass] = null };
        foreach (ImageEntry entry in ImageSource.Open(path).Entries())
        {
            if (entry.NotAImage is { } reason)
                throw NvgDataException.At(Path.Combine(path, entry.Name), reason, "keep only images in the folder");
            if (!numbers.TryGetValue(entry.ClassName, out int? label))
                numbers[entry.ClassName] = label = match.NumberOf(entry.ClassName);
            all.Add((entry, label));
        }

        if (all.Count == 0)
            throw NvgDataException.At(path, "holds no images");
        (int Width, int Height)? size = null;
        foreach (int place in EvenSample.Of(all.Count, limit))
        {
            string name = all[place].Entry.Name;
            RgbImage image = ImageFile.Decode(all[place].Entry.Read(), name);
            size ??= (image.Width, image.Height);
            if (size != (image.Width, image.Height))
            {
                throw NvgDataException.At(
                    Path.Combine(path, name),
                    $"is {image.Width} × {image.Height}, the first image is {size.Value.Width} × {size.Value.Height}",
                    "all images must have the same size");
            }

            yield return new LabelledImage(name, image, all[place].Label);
        }
    }

    private static IEnumerable<LabelledImage> Npz(string path, int classCount, int? limit)
    {
        using NpzFile file = NpzFile.Open(path);
        int[]? labels = LabelArrays.FirstOrDefault(file.Names.Contains) is { } name ? file.Read(name).ToLabels() : null;
        if (labels is not null && Array.FindIndex(labels, label => label >= classCount) is var wrong and >= 0)
            throw NvgDataException.At(path, $"image {wrong} has label {labels[wrong]}, but there are {classCount} classes");
        long count = file.ImageShape().Count;
        if (labels is not null && labels.Length != count)
            throw NvgDataException.At(path, $"has {count} images but {labels.Length} labels");
        using IEnumerator<int> chosen = EvenSample.Of((int)count, limit).GetEnumerator();
        bool more = chosen.MoveNext();
        foreach ((int index, RgbImage image) in file.Images().Index())
        {
            if (!more)
                yield break;
            if (index != chosen.Current)
                continue;
            yield return new LabelledImage($"{path}[{index}]", image, labels?[index]);
            more = chosen.MoveNext();
        }
    }
}
