using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>The paper's construction: greedy clustering of the latents.</summary>
internal sealed class GreedyStrategy : IStructureStrategy
{
    public Tensor Build(Tensor points_BLC, Tensor images_BCHW, LatentGrid grid) => StructureConstruction.Build(points_BLC);

    public void Dispose()
    {
    }
}
