using Nvg.Torch;

namespace Nvg.Var.Transformers;

/// <summary>Gates, scales and shifts of all blocks, which depend on the class alone.</summary>
/// <remarks>Shapes: N sequences, W width.</remarks>
internal interface IBlockModulations
{
    /// <summary>The modulations of every block.</summary>
    /// <param name="condition_NW">SiLU of the class embeddings.</param>
    /// <returns>For each block N × 6 W, float32, in the innermost scope.</returns>
    Tensor[] Of(Tensor condition_NW);

    /// <summary>Multiplies what the gates start from, for training.</summary>
    void ScaleGates(double factor);
}
