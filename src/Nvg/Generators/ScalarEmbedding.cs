using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>
/// Embeds a number for the condition vector of a generator: sinusoids as for the time, minus the sinusoids of zero, then two
/// layers without bias. The embedding of zero is therefore exactly zero for any weights.
/// </summary>
internal sealed class ScalarEmbedding
{
    private readonly Linear _in;
    private readonly Linear _out;

    /// <summary>Creates or loads <c>in_layer.weight</c> and <c>out_layer.weight</c>.</summary>
    /// <param name="path">Path of the parameters.</param>
    /// <param name="width">Width of the condition vector (W).</param>
    internal ScalarEmbedding(ParameterPath path, int width)
    {
        _in = new Linear(path / "in_layer", StructureGenerator.TimeChannels, width, hasBias: false);
        _out = new Linear(path / "out_layer", width, width, hasBias: false);
    }

    /// <summary>N numbers, about 0…1 → N × W, float32.</summary>
    internal Tensor Forward(Tensor value_N)
    {
        using var scope = new TensorScope();
        Tensor zero_1 = Tensor.Zeros([1], device: value_N.Device);
        Tensor features_NF = StructureGenerator.TimeEmbedding(value_N) - StructureGenerator.TimeEmbedding(zero_1);
        return scope.Keep(_out.Forward(Functional.Silu(_in.Forward(features_NF))).To(ScalarType.Float32));
    }

    /// <summary>Makes the embedding of every number zero, so that a model initially behaves as it did without this input.</summary>
    internal void StartAtZero()
    {
        using GradMode noGrad = Autograd.NoGrad();
        _out.Weight.FillInPlace(0);
    }
}
