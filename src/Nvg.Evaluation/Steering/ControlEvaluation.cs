using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Evaluation.Classes;
using Nvg.Evaluation.Features;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Torch;

namespace Nvg.Evaluation.Steering;

/// <summary>
/// Measures how well images follow given structure, and the effect of in-painting and of changing the class inside a mask.
/// </summary>
public sealed class ControlEvaluation
{
    private readonly NvgModel _model;
    private readonly LabelledImage[] _references;
    private readonly int _batch;
    private readonly ulong _seed;
    private readonly LatentGrid _grid;
    private readonly RegionMask _centre;
    private readonly Action<double> _progress;
    private readonly CancellationToken _cancellation;

    private ControlEvaluation(
        NvgModel model, IReadOnlyList<LabelledImage> references, ulong seed, int batch, Action<double> progress,
        CancellationToken cancellation)
    {
        (_model, _references, _seed, _batch, _progress, _cancellation) = (model, [.. references], seed, batch, progress, cancellation);
        _grid = model.GeneratorConfig.Grid;
        // The middle half of rows and columns: a quarter of the image.
        _centre = RegionMask.FromPositions(_grid, Positions(IsMiddle));
    }

    /// <summary>Runs the evaluation.</summary>
    /// <param name="model">A model with at least 4 × 4 latent positions; borrowed.</param>
    /// <param name="references">Real images of the model's size, with their classes.</param>
    /// <param name="classifier">Measures the change of class, or null; borrowed.</param>
    /// <param name="seed">Seed of the first image.</param>
    /// <param name="batch">Images per batch.</param>
    /// <param name="progress">Receives the completed share, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    public static ControlReport Run(
        NvgModel model, IReadOnlyList<LabelledImage> references, IFeatureNetwork? classifier = null, ulong seed = 0, int batch = 16,
        IProgress<double>? progress = null, CancellationToken cancellation = default)
    {
        if (classifier is not null && model.GeneratorConfig.ClassCount < 2)
            throw new ArgumentException("a model with a single class cannot change it: leave the classifier out");
        int parts = classifier is null ? 3 : 4, done = 0;
        var evaluation =
            new ControlEvaluation(model, references, seed, batch, share => progress?.Report((done + share) / parts), cancellation);
        PartialSequence[] given = evaluation.Encode([.. references.Select(r => r.Image)]);
        int stages = evaluation._grid.LastStage;
        ImageRequest[] free = [.. references.Select((r, i) => new ImageRequest(r.Label ?? 0, unchecked(seed + (ulong)i)))];
        GeneratedImage[] unguided = evaluation.Generate(free);
        done++;
        GeneratedImage[] followed = evaluation.Generate([.. free.Select((p, i) => p with { Given = given[i].Keep(stages, 0) })]);
        done++;
        RgbImage[] reconstructed = [.. given.Select(g => StageImages.Draw(model.Tokenizer, g, cancellation))];
        IReadOnlyList<StageAgreement> agreement = evaluation.Agreement(given, followed, unguided, reconstructed);
        GeneratedImage[] painted =
            evaluation.Generate([.. free.Select((p, i) => p with { Given = evaluation._centre.Keep(given[i], 1, 1) })]);
        done++;
        ClassChange? change = classifier is null ? null : evaluation.ChangeClass(classifier, given, reconstructed);
        return new ControlReport(
            references.Count, agreement,
            StructureKept: ShareOf(followed, i => followed[i].Sequence.Keep(stages, 0).SequenceEqual(given[i].Keep(stages, 0))),
            SequenceKeptOutside: ShareOf(painted, i => evaluation.SameOutside(painted[i].Sequence, given[i])),
            evaluation.MeanChange(reconstructed, [.. painted.Select(p => p.Image)]),
            evaluation.MeanChange(reconstructed,
                [.. painted.Select((p, i) => new KeptSurroundings(evaluation._centre, reconstructed[i]).Blend(p.Image))]),
            change);
    }

    private bool[] Positions(Func<int, int, bool> isInside) =>
        [.. Enumerable.Range(0,
            _grid.Length).Select(l => isInside(l / _grid.Width, _grid.Height) && isInside(l % _grid.Width, _grid.Width))];

    private static bool IsMiddle(int place, int side) => place >= side / 4 && place < side - side / 4;

    private static double ShareOf(GeneratedImage[] images, Func<int, bool> holds) =>
        Enumerable.Range(0, images.Length).Average(i => holds(i) ? 1.0 : 0.0);

    private GeneratedImage[] Generate(ImageRequest[] images)
    {
        var request = new GenerationRequest { Images = images, BatchSize = _batch };
        var progress = new SynchronousProgress<GenerationProgress>(p => _progress(p.Share));
        return [.. _model.Generate(request, progress, _cancellation)];
    }

    private PartialSequence[] Encode(IReadOnlyList<RgbImage> images) => [.. images.Chunk(_batch).SelectMany(batch =>
    {
        _cancellation.ThrowIfCancellationRequested();
        using Tensor images = ImageTensor.Load(batch, _model.Tokenizer.Quantizer.Codebook.Device);
        using GranularitySequence sequence = _model.Tokenizer.Encode(images);
        return PartialSequence.FromBatch(sequence);
    })];

    // Only stages that can differ: not the first, which is one cluster, nor the last, whose clusters are single positions.
    private IReadOnlyList<StageAgreement> Agreement(PartialSequence[] given, GeneratedImage[] followed, GeneratedImage[] unguided,
        RgbImage[] reconstructed)
    {
        PartialSequence[] inFollowed = Encode([.. followed.Select(p => p.Image)]);
        PartialSequence[] inUnguided = Encode([.. unguided.Select(p => p.Image)]);
        PartialSequence[] inReconstructed = Encode(reconstructed);
        var random = new Random(unchecked((int)_seed));
        int[][] shuffled = [.. given.Select(_ =>
        {
            int[] places = [.. Enumerable.Range(0, _grid.Length)];
            random.Shuffle(places);
            return places;
        })];
        double Mean(int stage, Func<int, int[]> found) =>
            Enumerable.Range(0, given.Length).Average(i => PartitionAgreement.AdjustedRand(given[i].Labels(stage), found(i)));
        return [.. Enumerable.Range(1, _grid.LastStage - 1).Select(stage => new StageAgreement(
            stage,
            Mean(stage, i => inFollowed[i].Labels(stage).ToArray()),
            Mean(stage, i => inUnguided[i].Labels(stage).ToArray()),
            Mean(stage, i => Array.ConvertAll(shuffled[i], place => given[i].Labels(stage)[place])),
            Mean(stage, i => inReconstructed[i].Labels(stage).ToArray())))];
    }

    private bool SameOutside(PartialSequence result, PartialSequence before)
    {
        bool[] outside = [.. _centre.Inside.Select(inside => !inside)];
        return result.Where(outside).SequenceEqual(before.Where(outside));
    }

    private RegionChange MeanChange(RgbImage[] before, RgbImage[] after)
    {
        RegionChange[] changes = [.. before.Select((b, i) => RegionChange.Between(b, after[i], _centre))];
        return new RegionChange(
            changes.Average(c => c.MeanInside), changes.Average(c => c.MeanOutside), changes.Max(c => c.LargestOutside),
            [.. Enumerable.Range(0, changes[0].MeanByDistance.Count).Select(d => changes.Average(c => c.MeanByDistance[d]))]);
    }

    // The mask covers three quarters of rows and columns, which is most of the subject.
    private ClassChange ChangeClass(IFeatureNetwork classifier, PartialSequence[] given, RgbImage[] reconstructed)
    {
        RegionMask mask = RegionMask.FromPositions(_grid, Positions(IsWide));
        int classes = _model.GeneratorConfig.ClassCount;
        int[] old = [.. _references.Select(r => r.Label ?? 0)];
        int[] changed = [.. old.Select((c, i) => (c + 1 + i % (classes - 1)) % classes)];
        GeneratedImage[] images = Generate([.. given.Select((g, i) => new ImageRequest(changed[i], unchecked(_seed + (ulong)i))
        {
            Given = mask.Keep(g),
            Surroundings = new KeptSurroundings(mask, reconstructed[i]),
        })]);
        double Share(IEnumerable<RgbImage> shown, int[] labels) =>
            ClassEvaluation.Run(classifier, shown.Select((p, i) => new LabelledImage($"{i}", p, labels[i])),
                cancellation: _cancellation).Accuracy;
        RgbImage[] after = [.. images.Select(p => p.Image)];
        return new ClassChange(Share(reconstructed, old), Share(reconstructed, changed), Share(after, old), Share(after, changed));
    }

    private static bool IsWide(int place, int side) => place >= Math.Max(1, side / 8) && place < side - Math.Max(1, side / 8);
}
