using Nvg.Torch;

namespace Nvg.Granularity;

/// <summary>
/// Builds structure maps from latents by greedy bottom-up clustering into equal halves. Labels are assigned from coarse to
/// fine, so that the children of cluster j are 2j and 2j + 1 (paper, algorithm 1; docs/method.md, section 3.2).
/// </summary>
public static class StructureConstruction
{
    private static readonly Operator GreedyClusteringOp = new("nvg::greedy_clustering");

    /// <summary>Clusters raw latents; residuals are not used.</summary>
    /// <param name="points_BLC">Latents, B × L × C with L a power of two; borrowed.</param>
    /// <returns>Labels of all stages, B × (K + 1) × L, 64-bit, on the CPU.</returns>
    /// <exception cref="TorchException">L is not a power of two, or a latent is not finite.</exception>
    public static Tensor Build(Tensor points_BLC)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using Tensor detached = points_BLC.Detach();
        using Tensor host = detached.To(Device.Cpu, ScalarType.Float32);
        return TorchRuntime.HasKernels ? GreedyClusteringOp.Call(host) : GreedyClustering.Cluster(host);
    }
}
