using Nvg.Torch;

namespace Nvg.Generators;

/// <summary>
/// What the velocities of one structure stage depend on besides the moving point: the same in all steps, or known for all
/// steps beforehand, and so computed once per stage, or for several steps at once. Owns its tensors.
/// </summary>
/// <remarks>Shapes: S steps, N sequences, W width.</remarks>
internal sealed class StructureCondition : IDisposable
{
    // Rows that a product over a block's modulation takes together: enough to be worth reading its matrix, few enough that
    // many steps of many sequences do not fill the memory.
    private const int RowsTogether = 64;

    private int _firstStep;
    private Tensor[] _modulations = [];

    /// <summary>Turns of the tokens.</summary>
    internal required Tensor Rotary { get; init; }

    /// <summary>Tokens that come before those of the structure: class, then canvas.</summary>
    internal required Tensor Prefix_NTW { get; init; }

    /// <summary>SiLU of the condition vectors, S × N × W.</summary>
    internal required Tensor Vectors_SNW { get; init; }

    /// <summary>Modulations of one step.</summary>
    /// <param name="step">Its number.</param>
    /// <param name="layers">What is modulated, each by condition rows × W → rows × M.</param>
    /// <returns>For each layer N × M; they belong to the innermost scope.</returns>
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
