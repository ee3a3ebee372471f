using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Ownership;

namespace Nvg.Training.Tasks;

/// <summary>The encoded images of a data set in all variants. Files are memory-mapped; only rows in use are loaded.</summary>
internal sealed class EncodedRows : IDisposable
{
    internal const string KeyName = "key";

    private readonly OwnedObjects _owned = new();
    private readonly List<SafetensorsFile> _files = [];
    private readonly long _rowsPerFile;
    private readonly int _images;

    /// <param name="files">The files in row order, with the key of each.</param>
    /// <param name="rowsPerFile">Rows per file; the last may have fewer.</param>
    /// <param name="images">Images in the data set, which is the number of rows per variant.</param>
    /// <exception cref="NvgDataException">A file is missing or belongs to another key.</exception>
    internal EncodedRows(IEnumerable<(string Path, string Key)> files, long rowsPerFile, int images)
    {
        (_rowsPerFile, _images) = (rowsPerFile, images);
        using OwnedObjects.Construction construction = _owned.Construct();
        foreach ((string path, string key) in files)
        {
            SafetensorsFile file = OpenIf(path, key) ?? throw NvgDataException.At(
                path, "does not hold the encoded sequences of this run", "every process must see the same run folder");
            _files.Add(_owned.Add(file));
        }

        construction.Complete();
    }

    /// <summary>Opens a file of rows; null if it is missing, damaged, or has another key.</summary>
    internal static SafetensorsFile? OpenIf(string path, string key)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            SafetensorsFile file = SafetensorsFile.Open(path);
            if (file.Metadata.TryGetValue(KeyName, out string? stored) && stored == key)
                return file;
            file.Dispose();
            return null;
        }
        catch (SafetensorsException)
        {
            return null;
        }
    }

    /// <summary>Rows of images.</summary>
    /// <param name="name">Name of the tensor.</param>
    /// <param name="examples">Indices of the images.</param>
    /// <param name="variants">Variant of each image.</param>
    /// <param name="device">Target device.</param>
    /// <returns>One row per image, 64-bit; the caller disposes the result.</returns>
    internal Tensor Load(string name, IReadOnlyList<int> examples, IReadOnlyList<int> variants, Device device)
    {
        using var scope = new TensorScope();
        Tensor[] found = [.. examples.Select((e, i) => Row(name, e + (long)variants[i] * _images))];
        return scope.Keep(Tensor.Cat(found, 0).Send(device).To(ScalarType.Int64));
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private Tensor Row(string name, long row) => _files[(int)(row / _rowsPerFile)][name].Narrow(0, row % _rowsPerFile, 1);
}
