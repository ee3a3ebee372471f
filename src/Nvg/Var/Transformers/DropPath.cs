using Nvg.Torch;

namespace Nvg.Var.Transformers;

/// <summary>
/// Stochastic depth of a stack of blocks. The rate rises linearly from 0 in the first block to a maximum in the last; blocks with
/// rate 0 draw nothing.
/// </summary>
/// <param name="maximumRate">Share of sequences that drop a branch of the last block.</param>
/// <param name="draw">Draws, for a given keep rate, which sequences keep a branch: N numbers, 1 or 0, in float32.</param>
internal sealed class DropPath(double maximumRate, Func<double, Tensor> draw)
{
    private const double PublishedRate = 0.1, ReferenceDepth = 24;

    /// <summary>The maximum of the published recipes: 0.1 · d/24.</summary>
    internal static double RateOf(int depth) => PublishedRate * depth / ReferenceDepth;

    /// <summary>Drop path of one block, or null if its rate is 0.</summary>
    internal BranchDrop? Of(int block, int depth)
    {
        double rate = depth == 1 ? 0 : maximumRate * block / (depth - 1);
        return rate > 0 ? new BranchDrop(1 - rate, draw) : null;
    }
}
