using Nvg.Torch;

namespace Nvg.Var.Transformers;

/// <summary>Stochastic depth of one block: each branch is dropped for some sequences and scaled up for the others.</summary>
/// <param name="keepRate">Share of sequences that keep a branch.</param>
/// <param name="draw">Draws, for a given keep rate, which sequences keep a branch: N numbers, 1 or 0, in float32.</param>
internal sealed class BranchDrop(double keepRate, Func<double, Tensor> draw)
{
    /// <summary>Zeroes the gates, N × W, of sequences that drop the next branch.</summary>
    internal Tensor Apply(Tensor gate_NW)
    {
        using var scope = new TensorScope();
        Tensor kept_N1 = draw(keepRate).Unsqueeze(1);
        return scope.Keep(gate_NW * (kept_N1 / keepRate));
    }
}
