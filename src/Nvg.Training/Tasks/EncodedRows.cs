using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Ownership;

namespace Nvg.Training.Tasks;

/// <summary>
/// The encoded images of a data set in all variants. Files are memory-mapped; only rows in use are loaded. A GPU keeps a copy of
/// all rows unless there are too many, so that a batch is a selection on the device rather than a copy.
/// </summary>
internal sealed class EncodedRows : IDisposable
{
    internal const string KeyName = "key";

    private readonly OwnedObjects _owned = new();
    private readonly List<SafetensorsFile> _files = [];
    private readonly long _rowsPerFile;
    private readonly int _images;
    private readonly Dictionary<string, Tensor> _onDevice = [];

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

    /// <summary>Maximum size in bytes of a tensor that is kept on a GPU.</summary>
    internal const long MostBytesOnDevice = 1L << 30;

    /// <summary>Whether all rows are kept on a device.</summary>
    internal Func<Device, bool> IsKeptOn { get; init; } = device => device.Type == DeviceType.Cuda;

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
        long[] rows = [.. examples.Select((e, i) => e + (long)variants[i] * _images)];
        if (OnDevice(name, device) is { } all)
        {
            Tensor row_B = Tensor.From(rows, rows.Length).Send(device);
            return scope.Keep(all.IndexSelect(0, row_B).To(ScalarType.Int64));
        }

        Tensor[] found = Array.ConvertAll(rows, row => Row(name, row));
        return scope.Keep(Tensor.Cat(found, 0).Send(device).To(ScalarType.Int64));
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    // All rows of a tensor on a device, or null if they are loaded row by row.
    private Tensor? OnDevice(string name, Device device)
    {
        if (!IsKeptOn(device))
            return null;
        if (_onDevice.TryGetValue(name, out Tensor? kept))
            return kept;
        if (_files.Sum(file => file[name].ElementCount * file[name].ScalarType.ByteSize()) > MostBytesOnDevice)
            return null;
        using var scope = new TensorScope();
        return _onDevice[name] = _owned.Add(Tensor.Cat([.. _files.Select(file => file[name])], 0).Send(device).Own());
    }

    private Tensor Row(string name, long row) => _files[(int)(row / _rowsPerFile)][name].Narrow(0, row % _rowsPerFile, 1);
}
