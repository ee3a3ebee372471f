using Nvg.Torch;

namespace Nvg.Generators;

/// <summary>
/// The parts of one structure stage's velocities that do not depend on the moving point. They are either the same in all steps or known in
/// advance for all steps, so they are computed once per stage or for several steps at once. Owns its tensors.
/// </summary>
/// <remarks>Shapes: S steps, N sequences, W width.</remarks>
internal sealed class StructureCondition : IDisposable
{
    // Condition rows per product with a modulation matrix: enough to amortise reading the matrix, few enough to bound memory.
    private const int RowsTogether = 64;

    private int _firstStep;
    private Tensor[] _modulations = [];

    /// <summary>Rotations of the tokens.</summary>
    internal required Tensor Rotary { get; init; }

    /// <summary>Tokens before the structure tokens: class, then canvas.</summary>
    internal required Tensor Prefix_NTW { get; init; }

    /// <summary>SiLU of the condition vectors, S × N × W.</summary>
    internal required Tensor Vectors_SNW { get; init; }

    /// <summary>The modulations of one step.</summary>
    /// <param name="step">Index of the step.</param>
    /// <param name="layers">Modulation of each layer, rows × W → rows × M.</param>
    /// <returns>N × M for each layer, in the innermost scope.</returns>
    internal Tensor[] Modulations(int step, IReadOnlyList<Func<Tensor, Tensor>> layers)
    {
        long steps = Vectors_SNW.Size(0), count = Vectors_SNW.Size(1), together = Math.Min(steps, Math.Max(1, RowsTogether / count));
        if (_modulations.Length == 0 || step < _firstStep || step >= _firstStep + _modulations[0].Size(0))
        {
            Array.ForEach(_modulations, m => m.Dispose());
            _firstStep = (int)(step / together * together);
            long taken = Math.Min(together, steps - _firstStep);
            using var scope = new TensorScope();
            Tensor rows = Vectors_SNW.Narrow(0, _firstStep, taken).Reshape(taken * count, -1);
            _modulations = [.. layers.Select(layer => layer(rows).Reshape(taken, count, -1).Own())];
        }

        return Array.ConvertAll(_modulations, m => m.Select(0, step - _firstStep));
    }

    public void Dispose()
    {
        Rotary.Dispose();
        Prefix_NTW.Dispose();
        Vectors_SNW.Dispose();
        Array.ForEach(_modulations, m => m.Dispose());
    }
}
