using System.Globalization;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Distributed;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// Encodes a data set once with a frozen tokenizer, into files of so many rows that one of them fits into memory. Every process
/// encodes its share of the files; a file is whole or absent, so an encoding that was ended goes on with the files that are missing.
/// </summary>
/// <param name="tokenizer">The frozen tokenizer; borrowed.</param>
/// <param name="data">The images; borrowed.</param>
/// <param name="variants">Squares of every image that are encoded.</param>
/// <param name="device">Where the tokenizer is.</param>
/// <param name="processes">Those that encode together; borrowed.</param>
/// <param name="rowsPerFile">Rows of a file: the images in the first variant, then in the second, and so on.</param>
internal sealed class SequenceEncoding(
    Tokenizer tokenizer, IImageDataset data, SequenceVariants variants, Device device, TrainingProcesses processes, int rowsPerFile = SequenceEncoding.UsualRows)
{
    /// <summary>Folder of the files in a run's folder.</summary>
    internal const string FolderName = "sequences";

    /// <summary>What runs of earlier versions have in place of the folder: all rows in one file.</summary>
    internal const string SingleFileName = "sequences.safetensors";

    // For 16 × 16 positions 12 MiB.
    private const int UsualRows = 8192;
    private const int EncodingBatch = 256;

    private readonly long _rows = (long)data.Count * variants.Count;

    private int FileCount => (int)((_rows + rowsPerFile - 1) / rowsPerFile);

    /// <summary>Opens the sequences of a run; computes what is missing of them.</summary>
    /// <param name="runFolder">The run's folder, the same for all processes.</param>
    /// <param name="key">Identifies tokenizer, data and variants: files of others are replaced.</param>
    /// <param name="progress">Told the number of encoded images that this process has to do with.</param>
    /// <param name="cancellation">Ends the computation; whole files stay.</param>
    /// <exception cref="NvgDataException">A process does not see what another has written.</exception>
    internal SequenceCache Open(string runFolder, string key, IProgress<int>? progress, CancellationToken cancellation)
    {
        LatentGrid grid = tokenizer.Config.Grid;
        string single = Path.Combine(runFolder, SingleFileName), folder = Path.Combine(runFolder, FolderName);
        if (HasSingle(single, key))
            return new SequenceCache([(single, key)], _rows, grid, data.Count);
        (string Path, string Key)[] files = [.. Enumerable.Range(0, FileCount).Select(i => (
            Path.Combine(folder, i.ToString("D6", CultureInfo.InvariantCulture) + ".safetensors"),
            string.Create(CultureInfo.InvariantCulture, $"{key} file {i} of {FileCount}, {rowsPerFile} of {_rows} rows")))];
        if (processes.IsFirst)
        {
            Clear(folder, files);
            // Of another tokenizer or data, and as large as all files together.
            File.Delete(single);
        }

        processes.Barrier();
        int done = 0;
        for (int i = processes.Rank; i < files.Length; i += processes.Count)
        {
            int count = (int)Math.Min(rowsPerFile, _rows - (long)i * rowsPerFile);
            using (SafetensorsFile? there = SequenceCache.OpenIf(files[i].Path, files[i].Key))
            {
                if (there is null)
                    Encode(files[i], (long)i * rowsPerFile, count, new SynchronousProgress<int>(rows => progress?.Report(done + rows)), cancellation);
            }

            done += count;
            progress?.Report(done);
        }

        processes.Barrier();
        return new SequenceCache(files, rowsPerFile, grid, data.Count);
    }

    private bool HasSingle(string path, string key)
    {
        using SafetensorsFile? file = processes.IsFirst ? SequenceCache.OpenIf(path, key) : null;
        return processes.Broadcast(file is null ? 0 : 1) == 1;
    }

    // What a kill left half-written, and what belongs to other data.
    private static void Clear(string folder, (string Path, string Key)[] files)
    {
        Directory.CreateDirectory(folder);
        HashSet<string> wanted = [.. files.Select(f => f.Path)];
        foreach (string file in Directory.GetFiles(folder).Where(f => !wanted.Contains(f)))
            File.Delete(file);
    }

    private void Encode((string Path, string Key) file, long first, int count, SynchronousProgress<int> progress, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        int length = tokenizer.Config.Grid.Length;
        // Two bytes a number wherever they do.
        ScalarType type = Math.Max(length, tokenizer.Config.CodebookSize) <= short.MaxValue ? ScalarType.Int16 : ScalarType.Int32;
        Tensor finest = Tensor.Zeros([count, length], type), tokens = Tensor.Zeros([count, 2L * length - 1], type);
        for (int start = 0; start < count; start += EncodingBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var batchScope = new TensorScope();
            int size = Math.Min(EncodingBatch, count - start);
            (int Image, int Variant)[] rows = [.. Enumerable.Range(0, size).Select(i => first + start + i).Select(row => ((int)(row % data.Count), (int)(row / data.Count)))];
            Tensor images = DatasetBatch.Load(data, Array.ConvertAll(rows, r => r.Image), i => variants.Crop(rows[i].Image, rows[i].Variant), device);
            using GranularitySequence sequence = tokenizer.Encode(images);
            finest.Narrow(0, start, size).CopyFrom(sequence.StructureMap(tokenizer.Config.Grid.LastStage));
            tokens.Narrow(0, start, size).CopyFrom(Tensor.Cat([.. sequence.Content], 1));
            progress.Report(start + size);
        }

        SafetensorsFile.Write(
            file.Path,
            new Dictionary<string, Tensor> { [SequenceCache.FinestName] = finest, [SequenceCache.TokensName] = tokens },
            new Dictionary<string, string> { [SequenceCache.KeyName] = file.Key });
    }
}
