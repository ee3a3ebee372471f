using Nvg.Torch.Files;

namespace Nvg.Evaluation.SampleSets;

/// <summary>Merges the parts of a sampling run; the result equals the file of a single run.</summary>
public static class SampleMerge
{
    /// <summary>Runs the merge.</summary>
    /// <param name="files">The parts, in any order.</param>
    /// <param name="output">The file to write; replaced if it exists.</param>
    /// <param name="progress">Receives the completed share, or null.</param>
    /// <param name="cancellation">Checked while bytes are copied.</param>
    /// <returns>The settings of the result.</returns>
    /// <exception cref="NvgDataException">
    /// The parts have different settings, overlap, are damaged or incomplete; nothing is written.
    /// </exception>
    /// <exception cref="IOException">The output cannot be written.</exception>
    public static SampleSettings Run(IReadOnlyList<string> files, string output, IProgress<double>? progress = null,
        CancellationToken cancellation = default)
    {
        var parts = new List<SampleArchive>();
        try
        {
            foreach (string file in files)
                parts.Add(SampleArchive.Open(file));
            parts.Sort((a, b) => a.Settings.First.CompareTo(b.Settings.First));
            RequireWhole(parts);
            SampleSettings whole = parts[0].Settings.ToWhole();
            Write(parts, whole, output, progress, cancellation);
            return whole;
        }
        finally
        {
            parts.ForEach(part => part.Dispose());
        }
    }

    private static void Write(List<SampleArchive> parts, SampleSettings whole, string output, IProgress<double>? progress,
        CancellationToken cancellation)
    {
        var arrays = new SampleArrays(whole);
        double all = whole.Total * (double)arrays.ImageBytes;
        AtomicFile.Write(output, stream =>
        {
            var zip = new ResumableZipWriter(stream);
            arrays.Begin(zip);
            long done = 0;
            foreach (SampleArchive part in parts)
            {
                part.CopyImages(bytes =>
                {
                    cancellation.ThrowIfCancellationRequested();
                    zip.Write(bytes);
                    done += bytes.Length;
                    progress?.Report(done / all);
                });
            }

            arrays.Finish(zip);
        });
    }

    private static void RequireWhole(List<SampleArchive> parts)
    {
        SampleSettings first = parts[0].Settings;
        foreach (SampleArchive part in parts)
        {
            if (first.DifferenceFrom(part.Settings, withPart: false) is { } difference)
                throw NvgDataException.At(part.Path, $"belongs to another run than {parts[0].Path}: it has {difference}");
        }

        int next = 0;
        SampleArchive? before = null;
        foreach (SampleArchive part in parts)
        {
            int from = part.Settings.First;
            if (from < next)
                throw NvgDataException.At(part.Path, $"has image {from}, which is also in {before!.Path}", "give each part once");
            if (from > next)
                throw Missing(next, from);
            (next, before) = (from + part.Settings.Count, part);
        }

        if (next < first.Total)
            throw Missing(next, first.Total);
    }

    private static NvgDataException Missing(int from, int to) =>
        new($"images {from} to {to - 1} are missing: give the files of all shards");
}
