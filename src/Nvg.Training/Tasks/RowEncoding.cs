using System.Globalization;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Distributed;

namespace Nvg.Training.Tasks;

/// <summary>
/// Encodes a data set once with a frozen tokenizer of any method, into files of limited size. Every process encodes its share of the
/// files. Files are written atomically, so an interrupted encoding resumes with the missing files.
/// </summary>
/// <param name="encoder">Encodes images; borrowed.</param>
/// <param name="data">The images; borrowed.</param>
/// <param name="variants">
/// Number of variants of every image. The rows hold all images in the first variant, then in the second, and so on.
/// </param>
/// <param name="cropOf">The crop of an image in a variant.</param>
/// <param name="device">Device of the tokenizer.</param>
/// <param name="processes">The processes that encode together; borrowed.</param>
/// <param name="rowsPerFile">Rows per file.</param>
internal sealed class RowEncoding(
    IRowEncoder encoder,
    IImageDataset data,
    int variants,
    Func<int, int, ImageCrop> cropOf,
    Device device,
    TrainingProcesses processes,
    int rowsPerFile = RowEncoding.UsualRows)
{
    /// <summary>Name of the folder of the files within a run folder.</summary>
    internal const string FolderName = "sequences";

    /// <summary>Runs of earlier versions store all rows in this single file.</summary>
    internal const string SingleFileName = "sequences.safetensors";

    // 12 MiB for 16 × 16 positions.
    internal const int UsualRows = 8192;

    private const int EncodingBatch = 256;

    private readonly long _rows = (long)data.Count * variants;

    private int FileCount => (int)((_rows + rowsPerFile - 1) / rowsPerFile);

    /// <summary>Opens rows that were encoded elsewhere; nothing is computed or written.</summary>
    /// <param name="folder">The folder of the files: <see cref="FolderName"/> of another run.</param>
    /// <param name="key">Identifies tokenizer, data and variants.</param>
    /// <exception cref="NvgDataException">
    /// A file is missing, or was encoded with another tokenizer, other data or other variants.
    /// </exception>
    internal EncodedRows OpenGiven(string folder, string key)
    {
        if (!Directory.Exists(folder))
            throw NvgDataException.At(folder, "folder not found", "give the folder with the encoded sequences of a run");
        (string Path, string Key)[] files = [.. Enumerable.Range(0, FileCount).Select(i => FileOf(folder, key, i))];
        foreach ((string path, string fileKey) in files)
        {
            using SafetensorsFile? file = EncodedRows.OpenIf(path, fileKey);
            if (file is not null)
                continue;
            string problem = File.Exists(path)
                ? "was encoded with another tokenizer, other data or other variants, or is damaged"
                : "is missing";
            throw NvgDataException.At(path, problem, "encode the sequences again, with the same tokenizer, data and settings");
        }

        return new EncodedRows(files, rowsPerFile, data.Count);
    }

    /// <summary>Opens the rows of a run after computing the missing ones.</summary>
    /// <param name="runFolder">The run folder, shared by all processes.</param>
    /// <param name="key">Identifies tokenizer, data and variants; files with another key are replaced.</param>
    /// <param name="progress">Receives the number of encoded images in the share of this process.</param>
    /// <param name="cancellation">Ends the computation; complete files are kept.</param>
    /// <exception cref="NvgDataException">A process does not see the files of another.</exception>
    internal EncodedRows Open(string runFolder, string key, IProgress<int>? progress, CancellationToken cancellation)
    {
        string single = Path.Combine(runFolder, SingleFileName), folder = Path.Combine(runFolder, FolderName);
        if (HasSingle(single, key))
            return new EncodedRows([(single, key)], _rows, data.Count);
        (string Path, string Key)[] files = [.. Enumerable.Range(0, FileCount).Select(i => FileOf(folder, key, i))];
        if (processes.IsFirst)
        {
            Clear(folder, files);
            // The file belongs to another tokenizer or data set, and is as large as all files together.
            File.Delete(single);
        }

        processes.Barrier();
        int done = 0;
        for (int i = processes.Rank; i < files.Length; i += processes.Count)
        {
            int count = (int)Math.Min(rowsPerFile, _rows - (long)i * rowsPerFile);
            using (SafetensorsFile? there = EncodedRows.OpenIf(files[i].Path, files[i].Key))
            {
                if (there is null)
                {
                    var rows = new SynchronousProgress<int>(encoded => progress?.Report(done + encoded));
                    Encode(files[i], (long)i * rowsPerFile, count, rows, cancellation);
                }
            }

            done += count;
            progress?.Report(done);
        }

        processes.Barrier();
        return new EncodedRows(files, rowsPerFile, data.Count);
    }

    private (string Path, string Key) FileOf(string folder, string key, int index) => (
        Path.Combine(folder, index.ToString("D6", CultureInfo.InvariantCulture) + ".safetensors"),
        string.Create(CultureInfo.InvariantCulture, $"{key} file {index} of {FileCount}, {rowsPerFile} of {_rows} rows"));

    private bool HasSingle(string path, string key)
    {
        using SafetensorsFile? file = processes.IsFirst ? EncodedRows.OpenIf(path, key) : null;
        return processes.Broadcast(file is null ? 0 : 1) == 1;
    }

    // Removes temporary files of a killed process and files of other data.
    private static void Clear(string folder, (string Path, string Key)[] files)
    {
        Directory.CreateDirectory(folder);
        HashSet<string> wanted = [.. files.Select(f => f.Path)];
        foreach (string file in Directory.GetFiles(folder).Where(f => !wanted.Contains(f)))
            File.Delete(file);
    }

    private void Encode(
        (string Path, string Key) file, long first, int count, SynchronousProgress<int> progress, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        // Two bytes per number if that is enough.
        ScalarType type = encoder.Bound <= short.MaxValue ? ScalarType.Int16 : ScalarType.Int32;
        var tensors = encoder.Columns.ToDictionary(c => c.Key, c => Tensor.Zeros([count, c.Value], type));
        for (int start = 0; start < count; start += EncodingBatch)
        {
            cancellation.ThrowIfCancellationRequested();
            using var batchScope = new TensorScope();
            int size = Math.Min(EncodingBatch, count - start);
            long[] rows = [.. Enumerable.Range(0, size).Select(i => first + start + i)];
            int[] examples = Array.ConvertAll(rows, row => (int)(row % data.Count));
            Tensor images = DatasetBatch.Load(data, examples, i => cropOf(examples[i], (int)(rows[i] / data.Count)), device);
            foreach ((string name, Tensor encoded) in encoder.Encode(images))
                tensors[name].Narrow(0, start, size).CopyFrom(encoded);
            progress.Report(start + size);
        }

        SafetensorsFile.Write(file.Path, tensors, new Dictionary<string, string> { [EncodedRows.KeyName] = file.Key });
    }
}
