using System.Text;
using Nvg.Torch.Files;

namespace Nvg.Labels;

/// <summary>Names of classes: read, written, and made up for a model whose checkpoint names none.</summary>
internal static class ClassLabels
{
    /// <summary>What the classes of a checkpoint are called that does not say: ImageNet's where there are as many, else their numbers.</summary>
    internal static string[] Default(int classCount) => classCount == ImageNetLabels.Lines.Count
        ? [.. ImageNetLabels.Lines]
        : [.. Enumerable.Range(0, classCount).Select(number => number.ToString())];

    /// <summary>Names out of a text file, one per line.</summary>
    /// <param name="path">The file.</param>
    /// <param name="classCount">How many there must be, or null for any number.</param>
    /// <param name="owner">What has that many classes.</param>
    /// <exception cref="NvgDataException">The file cannot be read or names another number of classes.</exception>
    internal static string[] Read(string path, int? classCount, string owner)
    {
        try
        {
            string[] labels = File.ReadAllLines(path);
            return classCount is null || labels.Length == classCount
                ? labels
                : throw NvgDataException.At(path, $"names {labels.Length} classes, the {owner} has {classCount}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, "cannot be read", error.Message, error);
        }
    }

    /// <summary>Writes a file that <see cref="Read"/> reads, whole or not at all.</summary>
    internal static void Write(string path, IReadOnlyList<string> labels) =>
        AtomicFile.Write(path, stream => stream.Write(Encoding.UTF8.GetBytes(string.Concat(labels.Select(label => label + "\n")))));
}
