using Nvg.Torch;

namespace Nvg.Var.Transformers;

/// <summary>Gates, scales and shifts of all blocks, which depend only on the class.</summary>
/// <remarks>Shapes: N sequences, W width.</remarks>
internal interface IBlockModulations
{
    /// <summary>The modulations of every block.</summary>
    /// <param name="condition_NW">SiLU of the class embeddings.</param>
    /// <returns>N × 6 W for each block, float32, in the innermost scope.</returns>
    Tensor[] Of(Tensor condition_NW);

    /// <summary>Scales the initial values of the gates, for training.</summary>
    void ScaleGates(double factor);
}
