using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>A way to find the structure maps of images: which positions share a token at which stage.</summary>
public interface IStructureStrategy : IDisposable
{
    /// <summary>The structure maps of a batch.</summary>
    /// <param name="points_BLC">Latents.</param>
    /// <param name="images_BCHW">The images they come from, in [−1, 1].</param>
    /// <param name="grid">The latent positions.</param>
    /// <returns>Labels of all stages, B × (K + 1) × L, 64-bit, on the CPU: balanced and nested, children of j are 2j and 2j + 1.</returns>
    Tensor Build(Tensor points_BLC, Tensor images_BCHW, LatentGrid grid);
}
