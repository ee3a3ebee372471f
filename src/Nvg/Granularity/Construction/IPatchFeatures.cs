using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>A frozen network that describes an image by one feature vector per patch.</summary>
public interface IPatchFeatures : IDisposable
{
    /// <summary>The features of the patches of a grid.</summary>
    /// <param name="images_NCHW">In [−1, 1], of any size; resized so that the patches fill the grid.</param>
    /// <param name="rows">Patches from top to bottom.</param>
    /// <param name="columns">Patches from left to right.</param>
    /// <returns>N × (rows · columns) × W, without gradients; the caller disposes it.</returns>
    Tensor PatchFeatures(Tensor images_NCHW, int rows, int columns);
}
