using System.Globalization;
using Nvg.Sampling;
using Nvg.Torch;
using Nvg.Torch.Files.Safetensors;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>
/// Draws images with the teacher's own settings and stores their sequences in files, as <see cref="SequenceEncoding"/> does for a
/// data set. Every process draws its share of the files; an interrupted run continues with the missing ones.
/// </summary>
/// <param name="teacher">The teacher; borrowed.</param>
/// <param name="count">Number of images to draw, for all classes in turn.</param>
/// <param name="seed">Seed of the run.</param>
/// <param name="processes">The processes of the run; borrowed.</param>
internal sealed class TeacherSamples(DistillationTeacher teacher, int count, ulong seed, TrainingProcesses processes)
{
    private const string FolderName = "samples";
    // A file per batch, because drawing may take minutes per image and an interruption loses the unfinished file.
    private const int RowsPerFile = 64;

    private int FileCount => (count + RowsPerFile - 1) / RowsPerFile;

    /// <summary>Opens the sequences after drawing the missing ones.</summary>
    /// <param name="runFolder">The run folder, shared by all processes.</param>
    /// <param name="key">Identifies teacher and settings; files with another key are replaced.</param>
    /// <param name="progress">Receives the number of images drawn by this process, or null.</param>
    /// <param name="cancellation">Ends the drawing; finished files are kept.</param>
    internal SequenceCache Open(string runFolder, string key, IProgress<int>? progress, CancellationToken cancellation)
    {
        string folder = Path.Combine(runFolder, FolderName);
        Directory.CreateDirectory(folder);
        (string Path, string Key)[] files = [.. Enumerable.Range(0, FileCount).Select(i => (
            Path.Combine(folder, i.ToString("D6", CultureInfo.InvariantCulture) + ".safetensors"),
            string.Create(CultureInfo.InvariantCulture, $"{key} file {i} of {FileCount}")))];
        int done = 0;
        for (int i = processes.Rank; i < files.Length; i += processes.Count)
        {
            int first = i * RowsPerFile, rows = Math.Min(RowsPerFile, count - first);
            using (SafetensorsFile? there = EncodedRows.OpenIf(files[i].Path, files[i].Key))
            {
                if (there is null)
                    Draw(files[i], first, rows, cancellation);
            }

            done += rows;
            progress?.Report(done);
        }

        processes.Barrier();
        return new SequenceCache(new EncodedRows(files, RowsPerFile, count), teacher.Sizes.Grid);
    }

    private void Draw((string Path, string Key) file, int first, int rows, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        ImageRequest[] images = [.. Enumerable.Range(first, rows).Select(i => new ImageRequest(
            i % teacher.Sizes.ClassCount, RandomSeed.Of(seed, i, RandomStream.TeacherSamples)))];
        using SampledBatch sampled = teacher.Model.Sample(images, cancellation: cancellation);
        Tensor finest_BL = sampled.Sequence.StructureMap(teacher.Sizes.Grid.LastStage);
        Tensor tokens_BM = Tensor.Cat([.. sampled.Sequence.Content], 1);
        SafetensorsFile.Write(
            file.Path,
            new Dictionary<string, Tensor>
            {
                [SequenceCache.FinestName] = finest_BL.To(Device.Cpu, ScalarType.Int32),
                [SequenceCache.TokensName] = tokens_BM.To(Device.Cpu, ScalarType.Int32),
            },
            new Dictionary<string, string> { [SequenceCache.KeyName] = file.Key });
    }
}
