using Nvg.Torch;

namespace Nvg.Evaluation.Distances;

/// <summary>
/// The Inception score (Salimans et al. 2016) of any number of pictures in the memory of one vector a split: pictures
/// are scored in parts of <see cref="SplitSize"/> in the order they come, a last part that is smaller counts as much, and
/// the score is the mean over the parts. In float64.
/// </summary>
public sealed class InceptionScoreAccumulator : IDisposable
{
    /// <summary>Pictures of a split in the field's protocol: ten splits of 50,000.</summary>
    public const int CustomarySplitSize = 5000;

    private static readonly Operator XLogYOp = new("aten::xlogy", "Tensor");

    private readonly List<double> _scores = [];
    private readonly Tensor _sum_C;
    private double _entropy;
    private int _inSplit;

    /// <param name="classCount">Number of classes C.</param>
    /// <param name="splitSize">Pictures of a split.</param>
    public InceptionScoreAccumulator(int classCount, int splitSize = CustomarySplitSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(splitSize, 1);
        (ClassCount, SplitSize) = (classCount, splitSize);
        _sum_C = Tensor.Zeros([classCount], ScalarType.Float64).Own();
    }

    /// <summary>Number of classes.</summary>
    public int ClassCount { get; }

    /// <summary>Pictures of a split.</summary>
    public int SplitSize { get; }

    /// <summary>How many pictures have come.</summary>
    public long Count { get; private set; }

    /// <summary>Adds pictures by the logits of their classes.</summary>
    /// <param name="logits_NC">N × C; borrowed.</param>
    /// <exception cref="NvgDataException">A logit is not finite.</exception>
    public void AddLogits(Tensor logits_NC)
    {
        FeatureChecks.RequireFinite(logits_NC, Count);
        using Tensor placed_NC = logits_NC.To(Device.Cpu, ScalarType.Float64);
        using Tensor probabilities_NC = placed_NC.Softmax(1);
        AddProbabilities(probabilities_NC);
    }

    /// <summary>Adds pictures by the probabilities of their classes.</summary>
    /// <param name="probabilities_NC">N × C, rows that sum to one; borrowed.</param>
    /// <exception cref="NvgDataException">A probability is not finite.</exception>
    public void AddProbabilities(Tensor probabilities_NC)
    {
        if (probabilities_NC.Rank != 2 || probabilities_NC.Size(1) != ClassCount)
            throw new ArgumentException($"{probabilities_NC} where N × {ClassCount} belongs", nameof(probabilities_NC));
        FeatureChecks.RequireFinite(probabilities_NC, Count);
        using var scope = new TensorScope();
        Tensor placed_NC = probabilities_NC.To(Device.Cpu, ScalarType.Float64);
        for (long start = 0; start < placed_NC.Size(0);)
        {
            long rows = Math.Min(placed_NC.Size(0) - start, SplitSize - _inSplit);
            Tensor part_NC = placed_NC.Narrow(0, start, rows);
            _sum_C.AddInPlace(part_NC.Sum(0));
            _entropy += XLogYOp.Call(part_NC, part_NC).Sum().Item();
            _inSplit += (int)rows;
            Count += rows;
            start += rows;
            if (_inSplit == SplitSize)
                EndSplit();
        }
    }

    /// <summary>The score of all that has come; a split that has begun ends here.</summary>
    /// <exception cref="NvgDataException">No picture has come.</exception>
    public InceptionScore ToScore()
    {
        if (_inSplit > 0)
            EndSplit();
        if (_scores.Count == 0)
            throw new NvgDataException("no pictures have no score");
        double mean = _scores.Average();
        return new InceptionScore(mean, Math.Sqrt(_scores.Average(s => (s - mean) * (s - mean))), _scores.Count);
    }

    /// <inheritdoc/>
    public void Dispose() => _sum_C.Dispose();

    private void EndSplit()
    {
        using var scope = new TensorScope();
        Tensor mean_C = _sum_C / _inSplit;
        _scores.Add(Math.Exp(_entropy / _inSplit - XLogYOp.Call(mean_C, mean_C).Sum().Item()));
        _sum_C.FillInPlace(0);
        (_entropy, _inSplit) = (0, 0);
    }
}
