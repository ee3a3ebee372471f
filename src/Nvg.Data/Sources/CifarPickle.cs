using Nvg.Torch.Files.PyTorch;

namespace Nvg.Data.Sources;

/// <summary>
/// The parts of CIFAR's Python archives: pickled dictionaries of labels, pixels and class names. They are read as inert data; nothing in
/// them is run.
/// </summary>
internal static class CifarPickle
{
    /// <summary>Reads labels and pixels of a batch as records of the binary version: one byte for the label, then three planes.</summary>
    /// <param name="path">Name of the part in messages.</param>
    /// <param name="content">The pickle.</param>
    /// <param name="imageLength">Size of an image in bytes.</param>
    /// <param name="isHundred">Whether the batch has fine labels.</param>
    /// <exception cref="NvgDataException">The part is damaged or not a CIFAR batch.</exception>
    internal static (byte[] Labels, ReadOnlyMemory<byte> Pixels) Batch(string path, byte[] content, int imageLength, bool isHundred)
    {
        PickleDict batch = Dictionary(path, content);
        string key = isHundred ? "fine_labels" : "labels";
        if (Item(batch, key) is not PickleList { Items: var labels } || Item(batch, "data") is not PickleArray array)
            throw Unusable(path, $"has no list '{key}' and no array 'data'");
        if (array.ByteMatrix(out long rows, out long columns) is not { } bytes || columns != imageLength)
            throw Unusable(path, $"its array 'data' is not a matrix of bytes with {imageLength} columns");
        if (rows != labels.Count || !labels.TrueForAll(label => label is long and >= 0 and <= byte.MaxValue))
            throw Unusable(path, $"has {rows} images and {labels.Count} labels, which must be numbers up to {byte.MaxValue}");
        return ([.. labels.Select(label => (byte)(long)label!)], content.AsMemory(bytes.Start, bytes.Length));
    }

    /// <summary>Reads the names of the classes.</summary>
    /// <param name="path">Name of the part in messages.</param>
    /// <param name="content">The pickle.</param>
    /// <param name="isHundred">Whether to read the fine names of CIFAR-100.</param>
    /// <exception cref="NvgDataException">The part is damaged or does not contain names.</exception>
    internal static string[] Names(string path, byte[] content, bool isHundred)
    {
        string key = isHundred ? "fine_label_names" : "label_names";
        return Item(Dictionary(path, content), key) is PickleList { Items: var names } && names.TrueForAll(name => name is string)
            ? [.. names.Cast<string>()]
            : throw Unusable(path, $"has no string list '{key}'");
    }

    private static PickleDict Dictionary(string path, byte[] content)
    {
        try
        {
            return Unpickler.Read(content, out _, hasArrays: true) as PickleDict ?? throw Unusable(path, "is not a dictionary");
        }
        catch (PyTorchFileException error)
        {
            throw NvgDataException.At(path, $"is not a batch of CIFAR: {error.Message}", null, error);
        }
    }

    private static object? Item(PickleDict dictionary, string name) =>
        dictionary.Items.FirstOrDefault(item => item.Key is string key && key == name).Value;

    private static NvgDataException Unusable(string path, string problem) =>
        NvgDataException.At(path, problem, "download the archive again");
}
