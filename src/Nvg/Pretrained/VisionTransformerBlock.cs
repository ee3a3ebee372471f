using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>A pre-norm block of a vision transformer: attention, then an MLP, with residual connections in float32.</summary>
internal sealed class VisionTransformerBlock
{
    private const double Epsilon = 1e-6;

    private readonly VisionTransformerConfig _config;
    private readonly Norm _norm1;
    private readonly Norm _norm2;
    private readonly Linear _queryKeyValue;
    private readonly Linear _projection;
    private readonly Linear _mlpIn;
    private readonly Linear _mlpOut;
    private readonly Tensor? _attentionScale;
    private readonly Tensor? _mlpScale;

    internal VisionTransformerBlock(ParameterPath path, VisionTransformerConfig config)
    {
        _config = config;
        int width = config.Width;
        _norm1 = new Norm(path / "norm1", width);
        // The key bias adds the same value to all scores of a query, so it has no effect and needs no special treatment.
        _queryKeyValue = new Linear(path / "attn" / "qkv", width, 3 * width);
        _projection = new Linear(path / "attn" / "proj", width, width);
        _norm2 = new Norm(path / "norm2", width);
        ParameterPath mlp = path / "mlp";
        _mlpIn = config.HasGatedMlp ? new Linear(mlp / "w12", width, 2 * config.MlpWidth) : new Linear(mlp / "fc1", width, config.MlpWidth);
        _mlpOut = new Linear(config.HasGatedMlp ? mlp / "w3" : mlp / "fc2", config.MlpWidth, width);
        if (config.HasLayerScale)
        {
            _attentionScale = (path / "ls1").Parameter("gamma", [width], Initialization.Ones);
            _mlpScale = (path / "ls2").Parameter("gamma", [width], Initialization.Ones);
        }
    }

    internal Tensor Forward(Tensor x_NTW)
    {
        using var scope = new TensorScope();
        Tensor attended_NTW = x_NTW + Scaled(Attention(_norm1.Forward(x_NTW)), _attentionScale);
        return scope.Keep(attended_NTW + Scaled(Mlp(_norm2.Forward(attended_NTW)), _mlpScale));
    }

    private Tensor Attention(Tensor x_NTW)
    {
        long count = x_NTW.Size(0), tokens = x_NTW.Size(1);
        Tensor qkv_3NHTD = _queryKeyValue.Forward(x_NTW)
            .Reshape(count, tokens, 3, _config.HeadCount, _config.Width / _config.HeadCount).Permute(2, 0, 3, 1, 4);
        Tensor attended_NHTD = Functional.ScaledDotProductAttention(qkv_3NHTD.Select(0, 0), qkv_3NHTD.Select(0, 1), qkv_3NHTD.Select(0, 2));
        return _projection.Forward(attended_NHTD.Transpose(1, 2).Reshape(count, tokens, _config.Width));
    }

    private Tensor Mlp(Tensor x_NTW)
    {
        Tensor hidden = _mlpIn.Forward(x_NTW);
        if (_config.HasGatedMlp)
        {
            Tensor[] halves = hidden.Split(2, _config.MlpWidth, _config.MlpWidth);
            return _mlpOut.Forward(Functional.Silu(halves[0]) * halves[1]);
        }

        return _mlpOut.Forward(_config.ApproximateGelu ? Functional.GeluTanh(hidden) : Functional.Gelu(hidden));
    }

    private static Tensor Scaled(Tensor update, Tensor? scale)
    {
        Tensor full = update.To(ScalarType.Float32);
        return scale is null ? full : full * scale;
    }

    private readonly struct Norm(ParameterPath path, int width)
    {
        private readonly Tensor _weight = path.Parameter("weight", [width], Initialization.Ones);
        private readonly Tensor _bias = path.Parameter("bias", [width], Initialization.Zeros);

        internal Tensor Forward(Tensor x_NTW) => Functional.LayerNorm(x_NTW, _weight, _bias, Epsilon);
    }
}
