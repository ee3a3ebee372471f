using System.Text;
using Nvg.Torch.Files;

namespace Nvg.Labels;

/// <summary>Reads and writes the lines of <c>labels.txt</c>.</summary>
internal static class ClassLabels
{
    /// <summary>Labels for a checkpoint without names: those of ImageNet for 1,000 classes, otherwise the numbers.</summary>
    internal static string[] Default(int classCount) => classCount == ImageNetLabels.Lines.Count
        ? [.. ImageNetLabels.Lines]
        : [.. Enumerable.Range(0, classCount).Select(number => number.ToString())];

    /// <summary>Reads a text file with one label per line.</summary>
    /// <param name="path">The file.</param>
    /// <param name="classCount">The required number of labels, or null for any.</param>
    /// <param name="owner">The object that has this number of classes, for the message.</param>
    /// <exception cref="NvgDataException">The file cannot be read or names a different number of classes.</exception>
    internal static string[] Read(string path, int? classCount, string owner)
    {
        try
        {
            string[] labels = File.ReadAllLines(path);
            return classCount is null || labels.Length == classCount
                ? labels
                : throw NvgDataException.At(path, $"names {labels.Length} classes, the {owner} has {classCount}");
        }
        catch (Exception error) when (FileFailure.IsFileError(error))
        {
            throw FileFailure.Unreadable(path, error);
        }
    }

    /// <summary>Writes such a file atomically.</summary>
    internal static void Write(string path, IReadOnlyList<string> labels) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(string.Concat(labels.Select(label => label + "\n")))));
}
