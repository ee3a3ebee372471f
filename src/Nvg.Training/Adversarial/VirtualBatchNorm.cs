using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;

namespace Nvg.Training.Adversarial;

/// <summary>
/// Batch normalisation with the statistics of small groups of the current images, so it needs neither running statistics nor
/// other processes. Groups have at most eight images, and their sizes differ by at most one: 17 images form groups of 5, 6 and 6.
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

    /// <summary>Normalises N × C × T, in float32.</summary>
    internal Tensor Forward(Tensor x_NCT)
    {
        using var scope = new TensorScope();
        long count = x_NCT.Size(0), channels = x_NCT.Size(1);
        Tensor whole_NCT = x_NCT.To(ScalarType.Float32);
        int groups = (int)((count + MostTogether - 1) / MostTogether);
        if (count % groups == 0)
            return scope.Keep(Normalized(whole_NCT.Reshape(groups, -1, channels, x_NCT.Size(2))).Reshape(x_NCT.Shape.ToArray()));
        return scope.Keep(Tensor.Cat([.. Enumerable.Range(0, groups).Select(g =>
            Normalized(BatchShare.Of((int)count, g, groups).Of(whole_NCT).Unsqueeze(0)).Squeeze(0))], 0));
    }

    private Tensor Normalized(Tensor x_GBCT)
    {
        Tensor centred = x_GBCT - x_GBCT.Mean([1, 3], keepDimension: true);
        Tensor normal = centred / (centred.Square().Mean([1, 3], keepDimension: true) + Epsilon).Sqrt();
        return normal * _weight.Reshape(1, 1, -1, 1) + _bias.Reshape(1, 1, -1, 1);
    }
}
