using Nvg.Data;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Safetensors;

namespace Nvg.Training;

/// <summary>
/// The sequences of a whole data set in all variants, computed once by a frozen tokenizer: per picture the finest labels (all other stages are shifts of them) and the tokens of all stages. Owns its tensors.
/// </summary>
/// <remarks>Shapes: P pictures (as many entries for each variant), L positions, M = 2L − 1 tokens of all stages.</remarks>
internal sealed class SequenceCache : IDisposable
{
    private const string FinestName = "finest", TokensName = "tokens", KeyName = "key";
    private const int EncodingBatch = 256;

    private readonly SafetensorsFile _file;
    private readonly LatentGrid _grid;
    private readonly int _pictures;

    private SequenceCache(SafetensorsFile file, LatentGrid grid, int pictures) => (_file, _grid, _pictures) = (file, grid, pictures);

    /// <summary>Opens the cache of a run, or computes it.</summary>
    /// <param name="path">The file; used again only if it belongs to <paramref name="key"/>.</param>
    /// <param name="key">Identifies tokenizer and data.</param>
    /// <param name="tokenizer">The frozen tokenizer.</param>
    /// <param name="data">The pictures.</param>
    /// <param name="variants">Squares of every picture that are encoded.</param>
    /// <param name="device">Where the tokenizer is.</param>
    /// <param name="progress">Told the number of encoded pictures.</param>
    /// <param name="cancellation">Ends the computation.</param>
    internal static SequenceCache Open(
        string path, string key, Tokenizer tokenizer, IPictureDataset data, SequenceVariants variants, Device device, IProgress<int>? progress, CancellationToken cancellation)
    {
        if (!File.Exists(path) || !IsOf(path, key))
            Compute(path, key, tokenizer, data, variants, device, progress, cancellation);
        return new SequenceCache(SafetensorsFile.Open(path), tokenizer.Config.Grid, data.Count);
    }

    /// <summary>Sequences of pictures.</summary>
    /// <param name="examples">Numbers of the pictures.</param>
    /// <param name="variants">Variant of each.</param>
    /// <param name="device">Where to.</param>
    internal GranularitySequence Load(IReadOnlyList<int> examples, IReadOnlyList<int> variants, Device device)
    {
        using var scope = new TensorScope();
        long[] rows = [.. examples.Select((e, i) => e + (long)variants[i] * _pictures)];
        Tensor row_B = Tensor.From(rows, rows.Length);
        Tensor finest_BL = _file[FinestName].IndexSelect(0, row_B).To(device, ScalarType.Int64);
        Tensor tokens_BM = _file[TokensName].IndexSelect(0, row_B).To(device, ScalarType.Int64);
        Tensor structure_BSL = Tensor.Stack([.. Enumerable.Range(0, _grid.StageCount).Select(i => finest_BL.FloorDivide(1L << (_grid.LastStage - i)))], 1);
        return new GranularitySequence(_grid, structure_BSL, [.. Enumerable.Range(0, _grid.StageCount).Select(i =>
            tokens_BM.Narrow(1, LatentGrid.ClusterCount(i) - 1, LatentGrid.ClusterCount(i)))]);
    }

    public void Dispose() => _file.Dispose();

    private static bool IsOf(string path, string key)
    {
        try
        {
            using SafetensorsFile file = SafetensorsFile.Open(path);
            return file.Metadata.TryGetValue(KeyName, out string? stored) && stored == key;
        }
        catch (SafetensorsException)
        {
            return false;
        }
    }

    private static void Compute(
        string path, string key, Tokenizer tokenizer, IPictureDataset data, SequenceVariants variants, Device device, IProgress<int>? progress, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        int total = checked(data.Count * variants.Count), length = tokenizer.Config.Grid.Length, lastStage = tokenizer.Config.Grid.LastStage;
        // All variants of a large data set are held at once: two bytes a number wherever they do.
        ScalarType type = Math.Max(length, tokenizer.Config.CodebookSize) <= short.MaxValue ? ScalarType.Int16 : ScalarType.Int32;
        Tensor finest = Tensor.Zeros([total, length], type);
        Tensor tokens = Tensor.Zeros([total, 2L * length - 1], type);
        for (int start = 0; start < total; start += EncodingBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var batchScope = new TensorScope();
            int count = Math.Min(EncodingBatch, total - start);
            int[] pictures = [.. Enumerable.Range(start, count).Select(i => i % data.Count)];
            Tensor images = PictureBatch.Load(data, pictures, i => variants.Crop(pictures[i], (start + i) / data.Count), device);
            using GranularitySequence sequence = tokenizer.Encode(images);
            finest.Narrow(0, start, count).CopyFrom(sequence.StructureMap(lastStage));
            tokens.Narrow(0, start, count).CopyFrom(Tensor.Cat([.. sequence.Content], 1));
            progress?.Report(start + count);
        }

        SafetensorsFile.Write(
            path,
            new Dictionary<string, Tensor> { [FinestName] = finest, [TokensName] = tokens },
            new Dictionary<string, string> { [KeyName] = key });
    }
}
