using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Transformers;

/// <summary>Modulations of blocks that each have their own linear layer.</summary>
internal sealed class OwnModulations : IBlockModulations
{
    private readonly int _width;
    private readonly Linear[] _layers;

    /// <param name="blocks">Path of the blocks.</param>
    /// <param name="config">Sizes.</param>
    internal OwnModulations(ParameterPath blocks, VarTransformerConfig config)
    {
        _width = config.Width;
        _layers = [.. Enumerable.Range(0, config.Depth).Select(b => new Linear(
            blocks / b / "ada_lin" / 1, _width, 6L * _width, initialization: VarInitialization.Modulation(config)))];
    }

    public Tensor[] Of(Tensor condition_NW) => Array.ConvertAll(_layers, layer =>
    {
        Tensor modulation = layer.Forward(condition_NW);
        return modulation.To(ScalarType.Float32);
    });

    public void ScaleGates(double factor)
    {
        using GradMode noGrad = Autograd.NoGrad();
        foreach (Linear layer in _layers)
        {
            using Tensor gates = layer.Weight.Narrow(0, 0, 2L * _width);
            gates.MultiplyInPlace(factor);
        }
    }
}
