using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>Output head of a generator: layer norm modulated by the condition, then a linear layer.</summary>
internal sealed class OutputHead(ParameterPath path, int width, int outputSize)
{
    private readonly Linear _linear = new(path / "linear", width, outputSize);
    private readonly Linear _modulation = new(path / "adaLN_modulation" / 1, width, 2 * width);

    /// <summary>Shift and scale from the SiLU of condition vectors: N × W → N × 2 W, float32.</summary>
    internal Tensor Modulation(Tensor condition_NW)
    {
        using Tensor modulation = _modulation.Forward(condition_NW);
        return modulation.To(ScalarType.Float32);
    }

    /// <summary>N × T × W and the result of <see cref="Modulation"/> → N × T × output size, float32.</summary>
    internal Tensor Forward(Tensor x_NTW, Tensor modulation_NM)
    {
        using var scope = new TensorScope();
        Tensor[] modulation = modulation_NM.Split(1, width, width);
        Tensor y_NTW = BlockOperations.ModulatedLayerNorm(
            x_NTW, modulation[0], modulation[1], TransformerBlock.Epsilon, _linear.WeightType);
        return scope.Keep(_linear.Forward(y_NTW).To(ScalarType.Float32));
    }
}
