using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;

namespace Nvg.Training.Adversarial;

/// <summary>
/// Buffers that every pass of training moves, such as the vectors of spectral norms: where a batch is computed in parts, every
/// part finds them as the first one did, so that the parts together move them as the whole batch would. Owns its copies.
/// </summary>
/// <param name="parameters">Holds the buffers; borrowed.</param>
/// <param name="names">Which of them.</param>
internal sealed class BufferSnapshot(ParameterStore parameters, IReadOnlyList<string> names) : IDisposable
{
    private readonly Dictionary<string, Tensor> _copies = [];

    /// <summary>To be called before a part of a step.</summary>
    /// <param name="part">The part.</param>
    /// <param name="own">The share of the process, of which it is a part.</param>
    internal void Enter(BatchShare part, BatchShare own)
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

    public void Dispose()
    {
        foreach (Tensor copy in _copies.Values)
            copy.Dispose();
    }
}
