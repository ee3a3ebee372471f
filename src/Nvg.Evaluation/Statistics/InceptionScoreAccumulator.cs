using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>
/// The Inception score (Salimans et al. 2016) of any number of images, with one vector of memory per split. Images
/// are scored in splits of <see cref="SplitSize"/>; a smaller last split has the same weight, and the score is the mean
/// over the splits. Splits are filled in the order of the images or in a given order: if images are sorted by class, a split
/// would otherwise have few classes. Computed in float64.
/// </summary>
public sealed class InceptionScoreAccumulator : IDisposable
{
    /// <summary>Customary images per split: ten splits of 50,000 images.</summary>
    public const int CustomarySplitSize = 5000;

    private static readonly Operator IndexAddOp = new("aten::index_add_");
    private static readonly Operator XLogYOp = new("aten::xlogy", "Tensor");

    private readonly int[]? _places;
    private Tensor _sums_SC;
    private Tensor _entropies_S;

    /// <param name="classCount">Number of classes (C).</param>
    /// <param name="splitSize">Images per split.</param>
    /// <param name="order">
    /// Indices of all images in the order in which they fill the splits; null for the order in which they are added.
    /// </param>
    public InceptionScoreAccumulator(int classCount, int splitSize = CustomarySplitSize, IReadOnlyList<int>? order = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(splitSize, 1);
        (ClassCount, SplitSize) = (classCount, splitSize);
        if (order is not null)
        {
            _places = new int[order.Count];
            for (int place = 0; place < order.Count; place++)
                _places[order[place]] = place;
        }

        _sums_SC = Tensor.Zeros([1, classCount], ScalarType.Float64).Own();
        _entropies_S = Tensor.Zeros([1], ScalarType.Float64).Own();
    }

    /// <summary>Number of classes.</summary>
    public int ClassCount { get; }

    /// <summary>Images per split.</summary>
    public int SplitSize { get; }

    /// <summary>Number of images added.</summary>
    public long Count { get; private set; }

    /// <summary>Adds images, given their class logits.</summary>
    /// <param name="logits_NC">N × C; borrowed.</param>
    /// <exception cref="NvgDataException">A logit is not finite.</exception>
    /// <exception cref="ArgumentException">The tensor has another shape.</exception>
    /// <exception cref="InvalidOperationException">There are more images than the order has.</exception>
    public void AddLogits(Tensor logits_NC)
    {
        FeatureChecks.RequireFinite(logits_NC, Count);
        using Tensor placed_NC = logits_NC.To(Device.Cpu, ScalarType.Float64);
        using Tensor probabilities_NC = placed_NC.Softmax(1);
        AddProbabilities(probabilities_NC);
    }

    /// <summary>Adds images, given their class probabilities.</summary>
    /// <param name="probabilities_NC">N × C, each row sums to one; borrowed.</param>
    /// <exception cref="NvgDataException">A probability is not finite.</exception>
    /// <exception cref="ArgumentException">The tensor has another shape.</exception>
    /// <exception cref="InvalidOperationException">There are more images than the order has.</exception>
    public void AddProbabilities(Tensor probabilities_NC)
    {
        if (probabilities_NC.Rank != 2 || probabilities_NC.Size(1) != ClassCount)
            throw new ArgumentException($"expected N × {ClassCount}, not {probabilities_NC}", nameof(probabilities_NC));
        if (probabilities_NC.Size(0) == 0)
            return;
        FeatureChecks.RequireFinite(probabilities_NC, Count);
        using var scope = new TensorScope();
        Tensor placed_NC = probabilities_NC.To(Device.Cpu, ScalarType.Float64);
        long[] splits = [.. Enumerable.Range(0, (int)placed_NC.Size(0)).Select(i => PlaceOf(Count + i) / SplitSize)];
        AddSplits(splits.Max() + 1);
        Tensor split_N = Tensor.From(splits, splits.Length);
        IndexAddOp.Run(_sums_SC, 0L, split_N, placed_NC);
        IndexAddOp.Run(_entropies_S, 0L, split_N, XLogYOp.Call(placed_NC, placed_NC).Sum(1));
        Count += splits.Length;
    }

    /// <summary>The score of all images; the last split has the remaining images.</summary>
    /// <exception cref="NvgDataException">There are no images.</exception>
    /// <exception cref="InvalidOperationException">There are fewer images than the order has.</exception>
    public InceptionScore ToScore()
    {
        if (Count == 0)
            throw new NvgDataException("the Inception score needs at least one image");
        if (_places is not null && Count != _places.Length)
            throw new InvalidOperationException($"{Count} images were added, the order has {_places.Length}");
        double[] scores = [.. Enumerable.Range(0, (int)_sums_SC.Size(0)).Select(ScoreOf)];
        double mean = scores.Average();
        return new InceptionScore(mean, Math.Sqrt(scores.Average(s => (s - mean) * (s - mean))), scores.Length);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sums_SC.Dispose();
        _entropies_S.Dispose();
    }

    private long PlaceOf(long number) => _places is null ? number
        : number < _places.Length
            ? _places[number] : throw new InvalidOperationException($"more images were added than the {_places.Length} of the order");

    private double ScoreOf(int split)
    {
        using var scope = new TensorScope();
        double size = Math.Min(SplitSize, Count - (long)split * SplitSize);
        Tensor mean_C = _sums_SC.Select(0, split) / size;
        return Math.Exp(_entropies_S.Select(0, split).Item() / size - XLogYOp.Call(mean_C, mean_C).Sum().Item());
    }

    private void AddSplits(long splits)
    {
        long more = splits - _sums_SC.Size(0);
        if (more <= 0)
            return;
        Tensor sums_SC = _sums_SC, entropies_S = _entropies_S;
        _sums_SC = Tensor.Cat([sums_SC, Tensor.Zeros([more, ClassCount], ScalarType.Float64)], 0).Own();
        _entropies_S = Tensor.Cat([entropies_S, Tensor.Zeros([more], ScalarType.Float64)], 0).Own();
        sums_SC.Dispose();
        entropies_S.Dispose();
    }
}
