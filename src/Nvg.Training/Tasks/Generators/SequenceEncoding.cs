using Nvg.Data.Datasets;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Training.Tasks.Generators;

/// <summary>Encodes a data set once as granularity sequences with a frozen tokenizer.</summary>
/// <param name="tokenizer">The frozen tokenizer; borrowed.</param>
/// <param name="data">The images; borrowed.</param>
/// <param name="variants">The crops of every image that are encoded.</param>
/// <param name="device">Device of the tokenizer.</param>
/// <param name="processes">The processes that encode together; borrowed.</param>
/// <param name="rowsPerFile">Rows per file. The rows hold all images in the first variant, then in the second, and so on.</param>
internal sealed class SequenceEncoding(
    Tokenizer tokenizer,
    IImageDataset data,
    SequenceVariants variants,
    Device device,
    TrainingProcesses processes,
    int rowsPerFile = RowEncoding.UsualRows) : IRowEncoder
{
    internal const string FolderName = RowEncoding.FolderName, SingleFileName = RowEncoding.SingleFileName;

    private readonly LatentGrid _grid = tokenizer.Config.Grid;

    public IReadOnlyDictionary<string, int> Columns =>
        new Dictionary<string, int> { [SequenceCache.FinestName] = _grid.Length, [SequenceCache.TokensName] = 2 * _grid.Length - 1 };

    public int Bound => Math.Max(_grid.Length, tokenizer.Config.CodebookSize);

    public IReadOnlyDictionary<string, Tensor> Encode(Tensor images)
    {
        using var scope = new TensorScope();
        using GranularitySequence sequence = tokenizer.Encode(images);
        return new Dictionary<string, Tensor>
        {
            [SequenceCache.FinestName] = scope.Keep(sequence.StructureMap(_grid.LastStage)),
            [SequenceCache.TokensName] = scope.Keep(Tensor.Cat([.. sequence.Content], 1)),
        };
    }

    /// <summary>Opens the sequences of a run after computing the missing ones.</summary>
    /// <param name="runFolder">The run folder, shared by all processes.</param>
    /// <param name="key">Identifies tokenizer, data and variants; files with another key are replaced.</param>
    /// <param name="progress">Receives the number of encoded images in the share of this process.</param>
    /// <param name="cancellation">Ends the computation; complete files are kept.</param>
    /// <exception cref="NvgDataException">A process does not see the files of another.</exception>
    internal SequenceCache Open(string runFolder, string key, IProgress<int>? progress, CancellationToken cancellation) =>
        new(Rows.Open(runFolder, key, progress, cancellation), _grid);

    /// <summary>Opens sequences that were encoded elsewhere.</summary>
    /// <param name="folder">The folder of the files.</param>
    /// <param name="key">Identifies tokenizer, data and variants.</param>
    /// <exception cref="NvgDataException">The sequences do not belong to this run.</exception>
    internal SequenceCache OpenGiven(string folder, string key) => new(Rows.OpenGiven(folder, key), _grid);

    private RowEncoding Rows => new(this, data, variants.Count, variants.Crop, device, processes, rowsPerFile);
}
