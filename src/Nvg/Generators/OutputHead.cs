using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>The end of a generator: layer norm, shifted and scaled by the condition, then a linear.</summary>
internal sealed class OutputHead(ParameterPath path, int width, int outputSize)
{
    private const double Epsilon = 1e-6;

    private readonly Linear _linear = new(path / "linear", width, outputSize);
    private readonly Linear _modulation = new(path / "adaLN_modulation" / 1, width, 2 * width);

    /// <summary>N × T × W with a condition N × W → N × T × output size, float32.</summary>
    internal Tensor Forward(Tensor x_NTW, Tensor vector_NW)
    {
        using var scope = new TensorScope();
        Tensor[] modulation = _modulation.Forward(Functional.Silu(vector_NW)).Unsqueeze(1).Split(2, width, width);
        Tensor y_NTW = (modulation[1] + 1) * Functional.LayerNorm(x_NTW, Epsilon) + modulation[0];
        return scope.Keep(_linear.Forward(y_NTW).To(ScalarType.Float32));
    }
}
