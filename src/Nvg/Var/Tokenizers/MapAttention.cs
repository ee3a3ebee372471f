using Nvg.Tokenizers.Layers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Tokenizers;

/// <summary>x + attention over all positions of a feature map, with one head; the attention itself is computed in float32.</summary>
/// <remarks>Shapes: B images, N = H · W positions, C channels.</remarks>
internal sealed class MapAttention(ParameterPath path, int channels, AutoencoderLayers layers)
{
    private readonly GroupNorm _norm = layers.Norm(path / "norm", channels);
    private readonly Conv2d _queryKeyValue = layers.Convolution(path / "qkv", channels, 3 * channels, 1);
    private readonly Conv2d _projection = layers.Convolution(path / "proj_out", channels, channels, 1);

    /// <summary>B × C × H × W.</summary>
    internal Tensor Forward(Tensor x)
    {
        using var scope = new TensorScope();
        long batch = x.Size(0), height = x.Size(2), width = x.Size(3);
        Tensor qkv_BHWX = _queryKeyValue.Forward(_norm.Forward(x)).To(ScalarType.Float32).Permute(0, 2, 3, 1);
        Tensor qkv_BNX = qkv_BHWX.Reshape(batch, height * width, -1);
        Tensor[] parts = qkv_BNX.Split(2, channels, channels, channels);
        Tensor attended_BNC = Functional.ScaledDotProductAttention(parts[0], parts[1], parts[2]);
        Tensor attended = attended_BNC.Reshape(batch, height, width, channels).Permute(0, 3, 1, 2);
        return scope.Keep(x + _projection.Forward(attended));
    }
}
