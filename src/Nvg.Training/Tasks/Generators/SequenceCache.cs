using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Ownership;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The encoded sequences of a data set in all variants, as written by <see cref="SequenceEncoding"/>: per image the finest labels
/// (those of the other stages are shifts of them) and the tokens of all stages. Files are memory-mapped; only rows in use are loaded.
/// </summary>
/// <remarks>Shapes: one row per variant and image, L positions, M = 2L − 1 tokens of all stages.</remarks>
internal sealed class SequenceCache : IDisposable
{
    internal const string FinestName = "finest", TokensName = "tokens", KeyName = "key";

    private readonly OwnedObjects _owned = new();
    private readonly List<SafetensorsFile> _files = [];
    private readonly long _rowsPerFile;
    private readonly LatentGrid _grid;
    private readonly int _images;

    /// <param name="files">The files in row order, with the key of each.</param>
    /// <param name="rowsPerFile">Rows per file; the last may have fewer.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="images">Images in the data set, which is the number of rows per variant.</param>
    /// <exception cref="NvgDataException">A file is missing or belongs to another key.</exception>
    internal SequenceCache(IEnumerable<(string Path, string Key)> files, long rowsPerFile, LatentGrid grid, int images)
    {
        (_rowsPerFile, _grid, _images) = (rowsPerFile, grid, images);
        using OwnedObjects.Construction construction = _owned.Construct();
        foreach ((string path, string key) in files)
        {
            SafetensorsFile file = OpenIf(path, key) ?? throw NvgDataException.At(
                path, "does not hold the encoded sequences of this run", "every process must see the same run folder");
            _files.Add(_owned.Add(file));
        }

        construction.Complete();
    }

    /// <summary>Opens a file of sequences; null if it is missing, damaged, or has another key.</summary>
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

    /// <summary>Loads the sequences of images.</summary>
    /// <param name="examples">Indices of the images.</param>
    /// <param name="variants">Variant of each image.</param>
    /// <param name="device">Target device.</param>
    internal GranularitySequence Load(IReadOnlyList<int> examples, IReadOnlyList<int> variants, Device device)
    {
        using var scope = new TensorScope();
        long[] rows = [.. examples.Select((e, i) => e + (long)variants[i] * _images)];
        Tensor finest_BL = Rows(FinestName, rows, device), tokens_BM = Rows(TokensName, rows, device);
        IEnumerable<int> stages = Enumerable.Range(0, _grid.StageCount);
        Tensor structure_BSL = Tensor.Stack([.. stages.Select(i => finest_BL.FloorDivide(1L << (_grid.LastStage - i)))], 1);
        return new GranularitySequence(_grid, structure_BSL, [.. stages.Select(i =>
            tokens_BM.Narrow(1, LatentGrid.ClusterCount(i) - 1, LatentGrid.ClusterCount(i)))]);
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private Tensor Rows(string name, long[] rows, Device device)
    {
        Tensor[] found = [.. rows.Select(row => _files[(int)(row / _rowsPerFile)][name].Narrow(0, row % _rowsPerFile, 1))];
        return Tensor.Cat(found, 0).Send(device).To(ScalarType.Int64);
    }
}
