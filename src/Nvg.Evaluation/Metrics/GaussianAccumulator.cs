using Nvg.Torch;

namespace Nvg.Evaluation.Metrics;

/// <summary>
/// Mean and covariance of any number of vectors in the memory of F × F numbers, in float64. Vectors come in batches of any
/// size and accumulators can be merged: the result is the same to rounding (Chan, Golub and LeVeque's update, so that no
/// large squares are subtracted from each other).
/// </summary>
public sealed class GaussianAccumulator : IDisposable
{
    // Products of few rows are slow; rows wait until there are so many.
    private const int BlockRows = 1024;

    private static readonly Operator AddProductOp = new("aten::addmm_");

    private readonly List<Tensor> _waiting = [];
    private readonly Tensor _mean_F;
    private readonly Tensor _scatter_FF;
    private long _waitingRows;
    private long _merged;

    /// <param name="featureSize">Length of the vectors.</param>
    public GaussianAccumulator(int featureSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(featureSize, 1);
        FeatureSize = featureSize;
        _mean_F = Tensor.Zeros([featureSize], ScalarType.Float64).Own();
        _scatter_FF = Tensor.Zeros([featureSize, featureSize], ScalarType.Float64).Own();
    }

    /// <summary>Length of the vectors.</summary>
    public int FeatureSize { get; }

    /// <summary>How many vectors have come.</summary>
    public long Count => _merged + _waitingRows;

    /// <summary>Adds vectors.</summary>
    /// <param name="features_NF">N × F, any floating type and device; borrowed.</param>
    /// <exception cref="NvgDataException">A vector is not finite; nothing was added then.</exception>
    public void Add(Tensor features_NF)
    {
        if (features_NF.Rank != 2 || features_NF.Size(1) != FeatureSize)
            throw new ArgumentException($"{features_NF} where N × {FeatureSize} belongs", nameof(features_NF));
        if (features_NF.Size(0) == 0)
            return;
        FeatureChecks.RequireFinite(features_NF, Count);
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor placed_NF = features_NF.To(Device.Cpu, ScalarType.Float64);
        for (long start = 0; start < placed_NF.Size(0); start += BlockRows)
        {
            long rows = Math.Min(BlockRows, placed_NF.Size(0) - start);
            using Tensor part_NF = placed_NF.Narrow(0, start, rows);
            // A copy: what waits must not change with the caller's tensor.
            _waiting.Add(part_NF.Clone().Own());
            _waitingRows += rows;
            if (_waitingRows >= BlockRows)
                Flush();
        }
    }

    /// <summary>Adds all vectors that another accumulator has seen.</summary>
    /// <param name="other">Unchanged, but that what waits in it is worked in.</param>
    public void Merge(GaussianAccumulator other)
    {
        if (other.FeatureSize != FeatureSize)
            throw new ArgumentException($"vectors of {other.FeatureSize} numbers where these have {FeatureSize}", nameof(other));
        Flush();
        other.Flush();
        if (other._merged == 0)
            return;
        using var scope = new TensorScope();
        _scatter_FF.AddInPlace(other._scatter_FF);
        MoveMean(other._mean_F, other._merged);
    }

    /// <summary>The statistics so far; more may be added after.</summary>
    /// <exception cref="NvgDataException">Fewer than two vectors have come: they have no covariance.</exception>
    public GaussianStatistics ToStatistics()
    {
        Flush();
        if (_merged < 2)
            throw new NvgDataException($"{_merged} images have no covariance; at least 2 are needed");
        using var scope = new TensorScope();
        // Both halves of the product are rounded on their own.
        Tensor symmetric_FF = (_scatter_FF + _scatter_FF.Transpose(0, 1)) * (0.5 / (_merged - 1));
        return new GaussianStatistics(scope.Keep(_mean_F.Clone()), scope.Keep(symmetric_FF.Contiguous()), _merged);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in (IEnumerable<Tensor>)[.. _waiting, _mean_F, _scatter_FF])
            tensor.Dispose();
        _waiting.Clear();
    }

    private void Flush()
    {
        if (_waitingRows == 0)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor block_NF = _waiting.Count == 1 ? _waiting[0] : Tensor.Cat([.. _waiting], 0);
        Tensor mean_F = block_NF.Mean(0);
        Tensor centred_NF = block_NF - mean_F;
        AddProductOp.Run(_scatter_FF, centred_NF.Transpose(0, 1), centred_NF, 1L, 1L);
        MoveMean(mean_F, block_NF.Size(0));
        foreach (Tensor tensor in _waiting)
            tensor.Dispose();
        _waiting.Clear();
        _waitingRows = 0;
    }

    // After the scatters around both means have been added: what their distance contributes, and the common mean.
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
