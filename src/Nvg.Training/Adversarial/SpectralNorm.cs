using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training.Adversarial;

/// <summary>
/// A weight divided by its largest singular value (Miyato et al. 2018), which is tracked by one step of power iteration per
/// training pass. Names and procedure are the same as in <c>torch.nn.utils.spectral_norm</c>.
/// </summary>
internal sealed class SpectralNorm
{
    private const double Epsilon = 1e-12;

    private readonly Tensor _weight;
    private readonly Tensor _left;
    private readonly Tensor _right;

    internal SpectralNorm(ParameterPath path, long[] shape)
    {
        _weight = path.Parameter("weight_orig", shape, Initialization.FanInUniform);
        _left = path.MeasuredBuffer("weight_u", [shape[0]], Initialization.Normal(1));
        _right = path.MeasuredBuffer("weight_v", [shape.Skip(1).Aggregate(1L, (a, b) => a * b)], Initialization.Normal(1));
    }

    /// <summary>The normalised weight.</summary>
    /// <param name="iterate">Whether to take a step of power iteration first, as in training.</param>
    internal Tensor Weight(bool iterate)
    {
        // The quotient must not depend on the precision of the surrounding products.
        using Autocast fullPrecision = Autograd.Autocast(_weight.Device, ScalarType.Float32);
        using var scope = new TensorScope();
        Tensor matrix_OI = _weight.Reshape(_weight.Size(0), -1);
        if (iterate)
            Iterate(matrix_OI);
        // Copies, because a later pass updates the vectors before the backward pass of this one has used them.
        Tensor left_1O = _left.Clone().Unsqueeze(0), right_I1 = _right.Clone().Unsqueeze(1);
        return scope.Keep(_weight / left_1O.Matmul(matrix_OI).Matmul(right_I1).Reshape());
    }

    private void Iterate(Tensor matrix_OI)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        _right.CopyFrom(Normalized(matrix_OI.Transpose(0, 1).Matmul(_left.Unsqueeze(1)).Squeeze(1)));
        _left.CopyFrom(Normalized(matrix_OI.Matmul(_right.Unsqueeze(1)).Squeeze(1)));
    }

    private static Tensor Normalized(Tensor vector) => vector / vector.Square().Sum().Sqrt().Clamp(Epsilon, null);
}
