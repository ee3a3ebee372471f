using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>
/// Mean and covariance of any number of vectors in O(F²) memory, in float64. Vectors are added in batches of any
/// size and accumulators can be merged; the result is the same up to rounding (the update of Chan, Golub and LeVeque, so that no
/// large squares are subtracted).
/// </summary>
public sealed class GaussianAccumulator : IDisposable
{
    // Products of few rows are slow, so rows are collected first.
    private const int BlockRows = 1024;

    private static readonly Operator AddProductOp = new("aten::addmm_");

    private readonly List<Tensor> _pending = [];
    private readonly Tensor _mean_F;
    private readonly Tensor _scatter_FF;
    private long _pendingRows;
    private long _merged;

    /// <param name="featureSize">Length of the vectors (F).</param>
    public GaussianAccumulator(int featureSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureSize, 1);
        FeatureSize = featureSize;
        _mean_F = Tensor.Zeros([featureSize], ScalarType.Float64).Own();
        _scatter_FF = Tensor.Zeros([featureSize, featureSize], ScalarType.Float64).Own();
    }

    /// <summary>Length of the vectors (F).</summary>
    public int FeatureSize { get; }

    /// <summary>Number of vectors added.</summary>
    public long Count => _merged + _pendingRows;

    /// <summary>Adds vectors.</summary>
    /// <param name="features_NF">N × F, any floating type and device; borrowed.</param>
    /// <exception cref="NvgDataException">A vector is not finite; nothing is added.</exception>
    public void Add(Tensor features_NF)
    {
        if (features_NF.Rank != 2 || features_NF.Size(1) != FeatureSize)
            throw new ArgumentException($"expected N × {FeatureSize}, not {features_NF}", nameof(features_NF));
        if (features_NF.Size(0) == 0)
            return;
        FeatureChecks.RequireFinite(features_NF, Count);
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor placed_NF = features_NF.To(Device.Cpu, ScalarType.Float64);
        for (long start = 0; start < placed_NF.Size(0); start += BlockRows)
        {
            long rows = Math.Min(BlockRows, placed_NF.Size(0) - start);
            using Tensor part_NF = placed_NF.Narrow(0, start, rows);
            // A copy, because the caller may change the tensor before it is used.
            _pending.Add(part_NF.Clone().Own());
            _pendingRows += rows;
            if (_pendingRows >= BlockRows)
                Flush();
        }
    }

    /// <summary>Adds all vectors of another accumulator.</summary>
    /// <param name="other">Borrowed; its statistics do not change.</param>
    public void Merge(GaussianAccumulator other)
    {
        if (other.FeatureSize != FeatureSize)
            throw new ArgumentException($"expected vectors of length {FeatureSize}, not {other.FeatureSize}", nameof(other));
        Flush();
        other.Flush();
        if (other._merged == 0)
            return;
        using var scope = new TensorScope();
        _scatter_FF.AddInPlace(other._scatter_FF);
        MoveMean(other._mean_F, other._merged);
    }

    /// <summary>The statistics so far; more vectors may be added afterwards.</summary>
    /// <exception cref="NvgDataException">There are fewer than two vectors, so there is no covariance.</exception>
    public GaussianStatistics ToStatistics()
    {
        Flush();
        if (_merged < 2)
            throw new NvgDataException($"a covariance needs at least 2 images, not {_merged}");
        using var scope = new TensorScope();
        // The two halves of the product are rounded independently.
        Tensor symmetric_FF = (_scatter_FF + _scatter_FF.Transpose(0, 1)) * (0.5 / (_merged - 1));
        return new GaussianStatistics(scope.Keep(_mean_F.Clone()), scope.Keep(symmetric_FF.Contiguous()), _merged);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (IEnumerable<Tensor>)[.. _pending, _mean_F, _scatter_FF])
            tensor.Dispose();
        _pending.Clear();
    }

    private void Flush()
    {
        if (_pendingRows == 0)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor block_NF = _pending.Count == 1 ? _pending[0] : Tensor.Cat([.. _pending], 0);
        Tensor mean_F = block_NF.Mean(0);
        Tensor centred_NF = block_NF - mean_F;
        AddProductOp.Run(_scatter_FF, centred_NF.Transpose(0, 1), centred_NF, 1L, 1L);
        MoveMean(mean_F, block_NF.Size(0));
        foreach (Tensor tensor in _pending)
            tensor.Dispose();
        _pending.Clear();
        _pendingRows = 0;
    }

    // Called after both scatter matrices were added: adds the contribution of the distance between the means, and updates the common mean.
    private void MoveMean(Tensor mean_F, long count)
    {
        Tensor difference_F = mean_F - _mean_F;
        double total = _merged + count;
        if (_merged > 0)
            AddProductOp.Run(_scatter_FF, difference_F.Unsqueeze(1), difference_F.Unsqueeze(0), 1L, _merged * (count / total));
        _mean_F.AddInPlace(difference_F, count / total);
        _merged += count;
    }
}
