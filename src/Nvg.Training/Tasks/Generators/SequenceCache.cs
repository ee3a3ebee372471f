using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// The sequences of a whole data set in all variants, as <see cref="SequenceEncoding"/> left them: per image the finest labels
/// (all other stages are shifts of them) and the tokens of all stages. The files are mapped, so that only rows in use are in memory.
/// </summary>
/// <remarks>Shapes: one row for every variant of every image, L positions, M = 2L − 1 tokens of all stages.</remarks>
internal sealed class SequenceCache : IDisposable
{
    internal const string FinestName = "finest", TokensName = "tokens", KeyName = "key";

    private readonly List<SafetensorsFile> _files = [];
    private readonly long _rowsPerFile;
    private readonly LatentGrid _grid;
    private readonly int _images;

    /// <param name="files">What holds the rows, in order, and the key of each.</param>
    /// <param name="rowsPerFile">Rows of all files but the last, which may have fewer.</param>
    /// <param name="grid">The latent positions.</param>
    /// <param name="images">Images of the data set: as many rows for each variant.</param>
    /// <exception cref="NvgDataException">A file is missing or belongs to another key.</exception>
    internal SequenceCache(IEnumerable<(string Path, string Key)> files, long rowsPerFile, LatentGrid grid, int images)
    {
        (_rowsPerFile, _grid, _images) = (rowsPerFile, grid, images);
        foreach ((string path, string key) in files)
        {
            if (OpenIf(path, key) is not { } file)
            {
                Dispose();
                throw NvgDataException.At(path, "does not hold the encoded sequences of this run", "every process must see the same run folder");
            }

            _files.Add(file);
        }
    }

    /// <summary>A file of sequences, or null if there is none, it is damaged, or it belongs to another key.</summary>
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

    /// <summary>Sequences of images.</summary>
    /// <param name="examples">Numbers of the images.</param>
    /// <param name="variants">Variant of each.</param>
    /// <param name="device">Where to.</param>
    internal GranularitySequence Load(IReadOnlyList<int> examples, IReadOnlyList<int> variants, Device device)
    {
        using var scope = new TensorScope();
        long[] rows = [.. examples.Select((e, i) => e + (long)variants[i] * _images)];
        Tensor finest_BL = Rows(FinestName, rows, device), tokens_BM = Rows(TokensName, rows, device);
        Tensor structure_BSL = Tensor.Stack([.. Enumerable.Range(0, _grid.StageCount).Select(i => finest_BL.FloorDivide(1L << (_grid.LastStage - i)))], 1);
        return new GranularitySequence(_grid, structure_BSL, [.. Enumerable.Range(0, _grid.StageCount).Select(i =>
            tokens_BM.Narrow(1, LatentGrid.ClusterCount(i) - 1, LatentGrid.ClusterCount(i)))]);
    }

    public void Dispose() => _files.ForEach(file => file.Dispose());

    private Tensor Rows(string name, long[] rows, Device device) =>
        Tensor.Cat([.. rows.Select(row => _files[(int)(row / _rowsPerFile)][name].Narrow(0, row % _rowsPerFile, 1))], 0).Send(device).To(ScalarType.Int64);
}
