using Nvg.Evaluation.Classes;
using Nvg.Previews;

namespace Nvg.Evaluation.Steering;

/// <summary>
/// Measures how well images follow drawings of two regions. The drawings come from real images: their dark region, such as the
/// water of a river. Each region is given as a drawing, and the dark region of the generated image is compared with it.
/// </summary>
public sealed class DrawingStudy
{
    // Drawings whose dark region is smaller or larger are nearly of one tone and of no use.
    private const double LeastDark = 0.1, MostDark = 0.7;

    private readonly NvgModel _model;
    private readonly int _batch;

    private DrawingStudy(NvgModel model, int batch) => (_model, _batch) = (model, batch);

    /// <summary>Chooses the images whose dark region covers 10 to 70 % and is separated best from the bright region.</summary>
    /// <param name="images">Images with classes.</param>
    /// <param name="count">Maximum number of images.</param>
    public static IReadOnlyList<LabelledImage> Choose(IEnumerable<LabelledImage> images, int count) =>
    [
        .. images.Select(image => (Image: image, Regions: TwoRegions.Of(image.Image)))
            .Where(choice => choice.Regions.DarkShare is >= LeastDark and <= MostDark)
            .OrderByDescending(choice => choice.Regions.Separation)
            .Take(count)
            .Select(choice => choice.Image),
    ];

    /// <summary>Runs the study.</summary>
    /// <param name="model">Generates the images; borrowed.</param>
    /// <param name="references">Real images of the model's size with their classes; at least one.</param>
    /// <param name="stages">Stages that each drawing determines; null for the number needed to separate its regions.</param>
    /// <param name="seed">Seed of the first image.</param>
    /// <param name="batch">Images per batch.</param>
    /// <param name="progress">Receives the completed share, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="ArgumentException">There is no reference, or the model does not have this number of stages.</exception>
    public static DrawingReport Run(
        NvgModel model, IReadOnlyList<LabelledImage> references, int? stages = null, ulong seed = 0, int batch = 16,
        IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        if (references.Count == 0)
            throw new ArgumentException("there is no image to draw from", nameof(references));
        var study = new DrawingStudy(model, batch);
        TwoRegions[] drawn = [.. references.Select(reference => TwoRegions.Of(reference.Image))];
        StructureMap[] maps =
            [.. drawn.Zip(references, (d, r) => model.Structure.FromDrawing(d.Draw(r.Image.Width, r.Image.Height), stages))];
        ImageRequest[] free = [.. references.Select((r, i) => new ImageRequest(r.Label ?? 0, unchecked(seed + (ulong)i)))];
        ImageRequest[] steered = [.. free.Zip(maps, (request, map) => request with { Structure = map })];
        TwoRegions[] followed = study.Generate(steered, 0, progress, cancellation);
        TwoRegions[] unguided = study.Generate(free, 0.5, progress, cancellation);
        TwoRegions[] reconstructed = [.. references.Chunk(batch).SelectMany(chunk => study.Reconstruct(chunk, cancellation))];
        double Mean(IReadOnlyList<TwoRegions> found) => drawn.Zip(found, (d, f) => d.DarkOverlap(f)).Average();
        return new DrawingReport(
            references.Count, maps.Average(map => map.Stages.Count), drawn.Average(d => d.DarkShare),
            Mean(followed), Mean(unguided), Mean(reconstructed),
            Mean([.. drawn.Zip(maps, (d, map) => Balanced(d, map, references[0].Image.Width))]));
    }

    private TwoRegions[] Generate(ImageRequest[] images, double done, IProgress<double>? progress, CancellationToken cancellation)
    {
        var request = new GenerationRequest { Images = images, BatchSize = _batch };
        var told = new SynchronousProgress<GenerationProgress>(p => progress?.Report(done + p.Share / 2));
        return [.. _model.Generate(request, told, cancellation).Select(result => TwoRegions.Of(result.Image))];
    }

    private TwoRegions[] Reconstruct(LabelledImage[] references, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return [.. Reconstruction.Decode(_model.Tokenizer, [.. references.Select(r => r.Image)]).Select(TwoRegions.Of)];
    }

    // Each cluster of the last map is dark if most of its pixels are dark.
    private static TwoRegions Balanced(TwoRegions drawn, StructureMap map, int width)
    {
        int height = drawn.IsDark.Count / width;
        IReadOnlyList<int> labels = map.Stages[^1].Used;
        int[] cluster = [.. Enumerable.Range(0, drawn.IsDark.Count).Select(pixel =>
            labels[pixel / width * map.Grid.Height / height * map.Grid.Width + pixel % width * map.Grid.Width / width])];
        ILookup<int, bool> pixels = cluster.Zip(drawn.IsDark).ToLookup(pair => pair.First, pair => pair.Second);
        var isDark = pixels.ToDictionary(group => group.Key, group => 2 * group.Count(dark => dark) > group.Count());
        return new TwoRegions(Array.ConvertAll(cluster, label => isDark[label]), 1);
    }
}
