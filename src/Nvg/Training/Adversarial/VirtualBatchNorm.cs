using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training.Adversarial;

/// <summary>
/// Batch normalisation by the statistics of small groups of pictures, always those at hand: it needs no record of the past,
/// and its result does not change with the number of pictures on a device.
/// </summary>
internal sealed class VirtualBatchNorm
{
    private const int MostTogether = 8;
    private const double Epsilon = 1e-6;

    private readonly Tensor _weight;
    private readonly Tensor _bias;

    internal VirtualBatchNorm(ParameterPath path, int channels)
    {
        _weight = path.Parameter("weight", [channels], Initialization.Ones);
        _bias = path.Parameter("bias", [channels], Initialization.Zeros);
    }

    /// <summary>N × C × T, in float32.</summary>
    internal Tensor Forward(Tensor x_NCT)
    {
        using var scope = new TensorScope();
        long count = x_NCT.Size(0), channels = x_NCT.Size(1);
        Tensor x_GBCT = x_NCT.To(ScalarType.Float32).Reshape(Groups(count), -1, channels, x_NCT.Size(2));
        Tensor centred = x_GBCT - x_GBCT.Mean([1, 3], keepDimension: true);
        Tensor normal = centred / (centred.Square().Mean([1, 3], keepDimension: true) + Epsilon).Sqrt();
        return scope.Keep((normal * _weight.Reshape(1, 1, -1, 1) + _bias.Reshape(1, 1, -1, 1)).Reshape(x_NCT.Shape.ToArray()));
    }

    // Equal groups of at most eight.
    private static long Groups(long count)
    {
        long groups = (count + MostTogether - 1) / MostTogether;
        while (count % groups != 0)
            groups++;
        return groups;
    }
}
