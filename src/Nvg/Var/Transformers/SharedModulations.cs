using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Transformers;

/// <summary>Modulations of blocks that share one linear layer, to which each block adds its own table.</summary>
internal sealed class SharedModulations : IBlockModulations
{
    private readonly Linear _layer;
    private readonly Tensor[] _tables;

    /// <param name="root">Path of the transformer.</param>
    /// <param name="blocks">Path of the blocks.</param>
    /// <param name="config">Sizes.</param>
    internal SharedModulations(ParameterPath root, ParameterPath blocks, VarTransformerConfig config)
    {
        // The shared layer itself is initialised like every other matrix.
        _layer = new Linear(root / "shared_ada_lin" / 1, config.Width, 6L * config.Width, initialization: VarInitialization.Matrix(config));
        _tables = [.. Enumerable.Range(0, config.Depth).Select(b =>
            (blocks / b).Table("ada_gss", [1, 1, 6, config.Width], VarInitialization.ModulationTable(config)))];
    }

    public Tensor[] Of(Tensor condition_NW)
    {
        Tensor shared_NM = _layer.Forward(condition_NW).To(ScalarType.Float32);
        return Array.ConvertAll(_tables, table => shared_NM + table.Reshape(1, -1));
    }

    public void ScaleGates(double factor)
    {
        using GradMode noGrad = Autograd.NoGrad();
        foreach (Tensor table in _tables)
        {
            using Tensor gates = table.Narrow(2, 0, 2);
            gates.MultiplyInPlace(factor);
        }
    }
}
