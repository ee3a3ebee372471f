using Nvg.Torch;

namespace Nvg.Granularity;

/// <summary>
/// Averages values within the clusters of one stage and scatters values of clusters back to positions. Both are
/// differentiable in the values. Owns its index tensors.
/// </summary>
public sealed class ClusterMean : IDisposable
{
    private readonly Tensor _order_BL;
    private readonly Tensor _labels_BL;

    /// <param name="labels_BL">Labels in [0, clusterCount), each occurring equally often; borrowed.</param>
    /// <param name="clusterCount">2^i.</param>
    public ClusterMean(Tensor labels_BL, int clusterCount)
    {
        _labels_BL = labels_BL.Alias().Own();
        (Tensor sorted, Tensor order) = labels_BL.Sort(1);
        sorted.Dispose();
        _order_BL = order.Own();
        ClusterCount = clusterCount;
    }

    /// <summary>Number of clusters (n).</summary>
    public int ClusterCount { get; }

    /// <summary>B × L × C → B × n × C, the mean of each cluster.</summary>
    public Tensor Average(Tensor values_BLC)
    {
        using var scope = new TensorScope();
        long batch = values_BLC.Size(0), length = values_BLC.Size(1), channels = values_BLC.Size(2);
        Tensor sorted_BLC = values_BLC.Gather(1, Index(_order_BL, channels));
        return scope.Keep(sorted_BLC.Reshape(batch, ClusterCount, length / ClusterCount, channels).Mean(2));
    }

    /// <summary>B × L × C → B × n × C, the mean of each cluster over its counted positions; 0 for a cluster without any.</summary>
    /// <param name="values_BLC">Values.</param>
    /// <param name="counts_BL">1 for positions that count, otherwise 0; float32.</param>
    public Tensor Average(Tensor values_BLC, Tensor counts_BL)
    {
        using var scope = new TensorScope();
        Tensor counts_BL1 = counts_BL.Unsqueeze(-1);
        // Both means divide by the cluster size, so their quotient is the mean over the counted members.
        return scope.Keep(Average(values_BLC * counts_BL1) / Average(counts_BL1).Clamp(1e-6, null));
    }

    /// <summary>B × L → B × n, the largest value within each cluster.</summary>
    /// <param name="values_BL">Integers by position.</param>
    public Tensor Largest(Tensor values_BL)
    {
        using var scope = new TensorScope();
        return scope.Keep(values_BL.Gather(1, _order_BL).Reshape(values_BL.Size(0), ClusterCount, -1).Max(2));
    }

    /// <summary>B × n → B × L, the value of each position's cluster.</summary>
    public Tensor Spread(Tensor values_BN) => values_BN.Gather(1, _labels_BL);

    /// <summary>B × n × C → B × L × C, the vector of each position's cluster.</summary>
    public Tensor Scatter(Tensor values_BNC)
    {
        using var scope = new TensorScope();
        return scope.Keep(values_BNC.Gather(1, Index(_labels_BL, values_BNC.Size(2))));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _order_BL.Dispose();
        _labels_BL.Dispose();
    }

    private static Tensor Index(Tensor index_BL, long channels)
    {
        using Tensor expanded = index_BL.Unsqueeze(-1);
        return expanded.Expand(-1, -1, channels);
    }
}
