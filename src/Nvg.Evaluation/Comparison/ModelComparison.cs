using System.Diagnostics;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Studies;
using Nvg.Evaluation.TokenizerQuality;
using Nvg.Imaging;
using Nvg.Imaging.Npz;
using Nvg.Methods;

namespace Nvg.Evaluation.Comparison;

/// <summary>Measures models of any method, or samples alone, with the same data, classes, seeds and feature network.</summary>
/// <param name="options">Settings of the comparison.</param>
public sealed class ModelComparison(ComparisonOptions options)
{
    /// <summary>Draws images with a model, and measures these images and the model's reconstructions.</summary>
    /// <param name="model">A model with a generator; borrowed.</param>
    /// <param name="progress">Receives a description of the current work, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="NvgDataException">The data cannot be used with the model.</exception>
    /// <exception cref="OperationCanceledException">The measurement was cancelled.</exception>
    public ComparedEntry Measure(IImageModel model, IProgress<SampleProgress>? progress = null, CancellationToken cancellation = default)
    {
        model.RequireGenerator();
        string file = Path.Combine(Path.GetTempPath(), $"nvg-compare-{Guid.NewGuid():N}.npz");
        try
        {
            (List<RgbImage> shown, double seconds, double? peak) = Draw(model, file, progress, cancellation);
            int last = model.ImageTokenizer.StageCount - 1, tokens = model.ImageTokenizer.TokenCount(last);
            return new ComparedEntry
            {
                Name = model.Name,
                Path = model.Folder,
                Images = (long)model.ClassCount * options.PerClass,
                Cost = new ComparedCost(
                    model.ParameterCounts, model.WorkOf(), seconds, peak, tokens, tokens * Math.Log2(model.ImageTokenizer.CodebookSize)),
                Reconstruction = Reconstruct(model, progress, cancellation),
                Samples = MetricsOf(ImageSet.Open(file), progress, cancellation),
                Shown = shown,
                Columns = Math.Min(options.Shown, options.PerClass),
            };
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <summary>Measures samples of any model.</summary>
    /// <param name="path">A folder or archive of images, a data set, or an .npz.</param>
    /// <param name="progress">Receives a description of the current work, or null.</param>
    /// <param name="cancellation">Checked between batches.</param>
    /// <exception cref="NvgDataException">There are no images, or they cannot be read.</exception>
    public ComparedEntry Measure(string path, IProgress<SampleProgress>? progress = null, CancellationToken cancellation = default)
    {
        var samples = ImageSet.Open(path);
        return new ComparedEntry
        {
            Name = Path.GetFileNameWithoutExtension(Path.TrimEndingDirectorySeparator(path)),
            Path = path,
            Images = samples.Count,
            Samples = MetricsOf(samples, progress, cancellation),
            Shown = [.. samples.Images(options.Shown * options.ShownClasses)],
            Columns = options.Shown,
        };
    }

    // All images of a class follow one another; the images to show come first.
    private (List<RgbImage> Shown, double Seconds, double? PeakMiB) Draw(
        IImageModel model, string file, IProgress<SampleProgress>? progress, CancellationToken cancellation)
    {
        int count = model.ClassCount * options.PerClass, side = model.ImageTokenizer.ImageSize;
        HashSet<int> classes = [.. EvenSample.Of(model.ClassCount, options.ShownClasses)];
        var request = new DrawRequest
        {
            Images = [.. Enumerable.Range(0, count).Select(i =>
                new ClassSeed(i / options.PerClass, unchecked(options.Seed + (ulong)(i % options.PerClass))))],
            BatchSize = options.Batch,
        };
        var shown = new List<RgbImage>();
        using var writer = new NpzImageWriter(file, count, side, side);
        // The first images of a process are slower, because memory and threads are set up.
        foreach (IGeneratedImage _ in model.Draw(request with { Images = [request.Images[0]] }, cancellation: cancellation))
        {
        }

        bool peaks = PeakMemory.TryReset();
        long start = Stopwatch.GetTimestamp();
        int done = 0;
        foreach (IGeneratedImage image in model.Draw(request, cancellation: cancellation))
        {
            writer.Append(image.Image);
            if (classes.Contains(image.Class) && done % options.PerClass < options.Shown)
                shown.Add(image.Image);
            progress?.Report(new SampleProgress($"{model.Name}: {++done} of {count} images", (double)done / count));
        }

        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds / count;
        writer.Complete();
        return (shown, seconds, peaks ? PeakMemory.ReadMiB() : null);
    }

    private TokenizerReport Reconstruct(IImageModel model, IProgress<SampleProgress>? progress, CancellationToken cancellation)
    {
        int side = model.ImageTokenizer.ImageSize, all = options.Entries(side).Count(), count = Math.Min(all, options.Reconstructed);
        IEnumerable<SquareEntry> chosen = options.Entries(side).Where((_, index) => EvenSample.Contains(index, count, all));
        var counter = new SynchronousProgress<int>(done =>
            progress?.Report(new SampleProgress($"{model.Name}: {done} of {count} reconstructions", (double)done / count)));
        return TokenizerEvaluation.Run(
            model.ImageTokenizer, chosen, count, new TokenizerEvaluationOptions { Stages = false, Batch = 16 }, counter, cancellation);
    }

    private SampleReport? MetricsOf(ImageSet samples, IProgress<SampleProgress>? progress, CancellationToken cancellation) =>
        options is { Network: { } network, Reference: { } reference }
            ? SampleEvaluation.Run(network, samples, reference, new SampleEvaluationOptions(), progress, cancellation)
            : null;
}
