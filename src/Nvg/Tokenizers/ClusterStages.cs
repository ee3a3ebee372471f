using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>Granularity stages: a point is the mean of a cluster, and its code is scattered to the positions of the cluster.</summary>
/// <remarks>Latents are B × L × C.</remarks>
/// <param name="structure_BSL">Structure maps, on the device of the latents; borrowed.</param>
/// <param name="refine">Refines the scattered values of a stage, B × L × C.</param>
internal sealed class ClusterStages(Tensor structure_BSL, Func<int, Tensor, Tensor> refine) : IResidualStages
{
    private readonly ClusterMean?[] _clusters = new ClusterMean?[structure_BSL.Size(1)];

    public int Count => _clusters.Length;

    public Tensor Pool(int stage, Tensor residual) => Clusters(stage).Average(residual);

    public Tensor Contribution(int stage, Tensor codes_BNC)
    {
        using Tensor values_BLC = Clusters(stage).Scatter(codes_BNC);
        return refine(stage, values_BLC);
    }

    public void Dispose() => Array.ForEach(_clusters, clusters => clusters?.Dispose());

    // The same order of positions serves pooling and scattering.
    private ClusterMean Clusters(int stage)
    {
        if (_clusters[stage] is { } known)
            return known;
        using Tensor labels_BL = structure_BSL.Select(1, stage);
        return _clusters[stage] = new ClusterMean(labels_BL, LatentGrid.ClusterCount(stage));
    }
}
