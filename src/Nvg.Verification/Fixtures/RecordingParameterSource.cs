using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Verification.Fixtures;

/// <summary>Forwards parameters and records which were read, to distinguish them from tables that a model computes.</summary>
internal sealed class RecordingParameterSource(ParameterSource source, Action<string> asked) : ParameterSource
{
    /// <inheritdoc/>
    public override Tensor Get(string name, long[] shape, Initialization initialization)
    {
        Tensor value = source.Get(name, shape, initialization);
        asked(name);
        return value;
    }
}
