namespace Nvg.Checkpoints;

/// <summary>Names of classes for a model whose checkpoint names none.</summary>
internal static class ClassLabels
{
    /// <summary>What the classes of a checkpoint are called that does not say: ImageNet's where there are as many, else their numbers.</summary>
    internal static string[] Default(int classCount) => classCount == ImageNetLabels.Lines.Count
        ? [.. ImageNetLabels.Lines]
        : [.. Enumerable.Range(0, classCount).Select(number => number.ToString())];

    /// <summary>Names out of a text file, one per line.</summary>
    /// <exception cref="NvgDataException">The file cannot be read or names another number of classes.</exception>
    internal static string[] Read(string path, int classCount)
    {
        try
        {
            string[] labels = File.ReadAllLines(path);
            return labels.Length == classCount ? labels : throw NvgDataException.At(path, $"it names {labels.Length} classes, the generator has {classCount}");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw NvgDataException.At(path, $"it cannot be read: {error.Message}", null, error);
        }
    }
}
