using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;

namespace Nvg.Training.Adversarial;

/// <summary>
/// Keeps buffers that every training pass updates, such as the vectors of spectral norms, at their state before the first
/// micro-batch of a step. All micro-batches together then update the buffers once, as a whole batch would. Owns its copies.
/// </summary>
/// <param name="parameters">The store of the buffers; borrowed.</param>
/// <param name="names">Names of the buffers.</param>
internal sealed class BufferSnapshot(ParameterStore parameters, IReadOnlyList<string> names) : IDisposable
{
    private readonly Dictionary<string, Tensor> _copies = [];

    /// <summary>
    /// Saves the buffers before the first micro-batch, and restores them before the others. Call before each micro-batch.
    /// </summary>
    /// <param name="part">The micro-batch.</param>
    /// <param name="own">The share of the process that the micro-batch belongs to.</param>
    internal void Restore(BatchShare part, BatchShare own)
    {
        if (part == own)
            return;
        using GradMode noGrad = Autograd.NoGrad();
        foreach (string name in names)
        {
            if (part.Start != own.Start)
                parameters[name].CopyFrom(_copies[name]);
            else if (_copies.TryGetValue(name, out Tensor? copy))
                copy.CopyFrom(parameters[name]);
            else
                _copies[name] = parameters[name].Clone().Own();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor copy in _copies.Values)
            copy.Dispose();
    }
}
