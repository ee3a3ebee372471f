using Nvg.Data;
using Nvg.Rendering;

namespace Nvg.Evaluation;

/// <summary>
/// Pictures to judge, from wherever they lie: a packed data set, a folder with a sub-folder for each class (as
/// <c>nvg generate -o DIR</c> writes it), or an .npz with <c>arr_0</c> and, for the classes, <c>arr_1</c>, <c>labels</c>
/// or <c>label</c>.
/// </summary>
public static class LabelledPictures
{
    private static readonly string[] LabelArrays = ["arr_1", "labels", "label"];

    /// <summary>The pictures one after the other, in an order that the files alone decide.</summary>
    /// <param name="path">Data set, folder or .npz.</param>
    /// <param name="classes">Names of the classes by number; folders and data sets are matched by name.</param>
    /// <exception cref="NvgDataException">There is nothing, something is broken, or a class is unknown.</exception>
    public static IEnumerable<LabelledPicture> Read(string path, IReadOnlyList<string> classes)
    {
        if (Directory.Exists(path) && File.Exists(Path.Combine(path, DatasetDescription.FileName)))
            return Packed(path, classes, null);
        if (Directory.Exists(path))
            return Folder(path, classes);
        if (File.Exists(path) && Path.GetExtension(path).Equals(".npz", StringComparison.OrdinalIgnoreCase))
            return Npz(path, classes.Count);
        throw NvgDataException.At(path, "is no data set, folder or .npz of pictures", "check the path");
    }

    /// <summary>Some pictures of a packed data set.</summary>
    /// <param name="path">The data set.</param>
    /// <param name="classes">Names of the classes by number.</param>
    /// <param name="choose">Which; null for all in order.</param>
    /// <exception cref="NvgDataException">The data set is broken, or has a class that is unknown.</exception>
    public static IEnumerable<LabelledPicture> Packed(string path, IReadOnlyList<string> classes, Func<PackedDataset, IReadOnlyList<int>>? choose)
    {
        using PackedDataset data = PackedDataset.Open(path);
        int[] numbers = [.. data.Classes.Select(name => NumberOf(name, classes, path))];
        int centre = (data.StoredSize - data.Size) / 2;
        foreach (int index in choose?.Invoke(data) ?? [.. Enumerable.Range(0, data.Count)])
        {
            var picture = new RgbImage(data.Size, data.Size);
            data.CopyCrop(index, centre, centre, false, picture.Pixels);
            yield return new LabelledPicture($"{path}[{index}]", picture, numbers[data.Label(index)]);
        }
    }

    /// <summary>At most some of the pictures, evenly spread over all; they are all read, and only those kept.</summary>
    /// <param name="pictures">All.</param>
    /// <param name="limit">At least 1.</param>
    public static IReadOnlyList<LabelledPicture> Spread(IEnumerable<LabelledPicture> pictures, int limit)
    {
        List<LabelledPicture> all = [.. pictures];
        int kept = Math.Min(limit, all.Count);
        return [.. Enumerable.Range(0, kept).Select(i => all[(int)((long)i * all.Count / kept)])];
    }

    private static IEnumerable<LabelledPicture> Folder(string path, IReadOnlyList<string> classes)
    {
        bool any = false;
        foreach (PictureEntry entry in PictureSource.Open(path).Entries())
        {
            if (entry.NotAPicture is { } reason)
                throw NvgDataException.At(Path.Combine(path, entry.Name), reason, "leave only pictures to judge in the folder");
            any = true;
            int? label = entry.ClassName == PictureSource.FlatClass ? null : NumberOf(entry.ClassName, classes, path);
            yield return new LabelledPicture(entry.Name, PictureFile.Decode(entry.Read(), entry.Name), label);
        }

        if (!any)
            throw NvgDataException.At(path, "holds no pictures");
    }

    private static IEnumerable<LabelledPicture> Npz(string path, int classCount)
    {
        using NpzFile file = NpzFile.Open(path);
        int[]? labels = LabelArrays.FirstOrDefault(file.Names.Contains) is { } name ? file.Read(name).ToLabels() : null;
        if (labels is not null && Array.FindIndex(labels, label => label >= classCount) is var wrong and >= 0)
            throw NvgDataException.At(path, $"picture {wrong} has the label {labels[wrong]} where there are {classCount} classes");
        int index = 0;
        foreach (RgbImage picture in file.Pictures())
        {
            if (index >= labels?.Length)
                throw NvgDataException.At(path, $"has labels of {labels.Length} pictures, and more pictures");
            yield return new LabelledPicture($"{path}[{index}]", picture, labels?[index]);
            index++;
        }

        if (labels is not null && labels.Length != index)
            throw NvgDataException.At(path, $"has {index} pictures and {labels.Length} labels");
    }

    private static int NumberOf(string name, IReadOnlyList<string> classes, string where)
    {
        int number = classes.ToList().FindIndex(c => c.Equals(name, StringComparison.OrdinalIgnoreCase));
        return number >= 0 ? number : throw NvgDataException.At(where, $"class '{name}' is none of the classifier's", $"they are {string.Join(", ", classes.Take(12))}{(classes.Count > 12 ? ", …" : "")}");
    }
}
