using Nvg.Torch;

namespace Nvg.Generators;

/// <summary>
/// What the velocities of one structure stage depend on besides the moving point: the same in all steps, or known for all
/// steps beforehand, and so computed once per stage. Owns its tensors.
/// </summary>
/// <remarks>Shapes: S steps, N sequences, W width.</remarks>
internal sealed class StructureCondition : IDisposable
{
    /// <summary>Turns of the tokens.</summary>
    internal required Tensor Rotary { get; init; }

    /// <summary>Tokens that come before those of the structure: class, then canvas.</summary>
    internal required Tensor Prefix_NTW { get; init; }

    /// <summary>Shift, scale and gate of each block, S × N × 3 W.</summary>
    internal required Tensor[] Blocks_SNM { get; init; }

    /// <summary>Shift and scale of the head, S × N × 2 W.</summary>
    internal required Tensor Head_SNM { get; init; }

    public void Dispose()
    {
        Rotary.Dispose();
        Prefix_NTW.Dispose();
        Array.ForEach(Blocks_SNM, m => m.Dispose());
        Head_SNM.Dispose();
    }
}
