using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>
/// A single-stream transformer block: attention and MLP side by side between two linears, shifted, scaled and gated by a
/// condition vector (specification, section 4). The residual stream, norms and rotary turns stay in float32.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width, H heads, D head size.</remarks>
internal sealed class TransformerBlock
{
    private const double Epsilon = 1e-6;
    private static readonly Operator BernoulliOp = new("aten::bernoulli_", "float");

    private readonly Linear _linear1;
    private readonly Linear _linear2;
    private readonly Linear _modulation;
    private readonly Tensor _queryScale;
    private readonly Tensor _keyScale;
    private readonly int _width;
    private readonly int _headSize;
    private readonly int _mlpWidth;

    internal TransformerBlock(ParameterPath path, int width, int headSize, int mlpRatio)
    {
        _width = width;
        _headSize = headSize;
        _mlpWidth = width * mlpRatio;
        _linear1 = new Linear(path / "linear1", width, 3 * width + _mlpWidth);
        _linear2 = new Linear(path / "linear2", width + _mlpWidth, width);
        _queryScale = (path / "norm" / "query_norm").Parameter("scale", [headSize], Initialization.Ones);
        _keyScale = (path / "norm" / "key_norm").Parameter("scale", [headSize], Initialization.Ones);
        _modulation = new Linear(path / "modulation" / "lin", width, 3 * width);
    }

    /// <param name="x_NTW">The residual stream.</param>
    /// <param name="vector_NW">The condition.</param>
    /// <param name="rotary">Turns of the tokens.</param>
    /// <param name="drop">Stochastic depth, or null outside training.</param>
    internal Tensor Forward(Tensor x_NTW, Tensor vector_NW, Tensor rotary, DropPath? drop)
    {
        using var scope = new TensorScope();
        Tensor[] modulation = _modulation.Forward(Functional.Silu(vector_NW)).Unsqueeze(1).Split(2, _width, _width, _width);
        (Tensor shift, Tensor scale, Tensor gate) = (modulation[0], modulation[1], modulation[2]);
        Tensor y_NTW = (scale + 1) * Functional.LayerNorm(x_NTW, Epsilon) + shift;
        Tensor[] parts = _linear1.Forward(y_NTW).Split(2, _width, _width, _width, _mlpWidth);
        Tensor query = RotaryEmbedding.Apply(RmsNorm(Heads(parts[0]), _queryScale), rotary);
        Tensor key = RotaryEmbedding.Apply(RmsNorm(Heads(parts[1]), _keyScale), rotary);
        Tensor value = Heads(parts[2]);
        Tensor attended_NHTD = Functional.ScaledDotProductAttention(query.To(value.ScalarType), key.To(value.ScalarType), value);
        Tensor attended_NTW = attended_NHTD.Transpose(1, 2).Reshape(x_NTW.Size(0), x_NTW.Size(1), _width);
        Tensor hidden = Tensor.Cat([attended_NTW.To(value.ScalarType), Functional.GeluTanh(parts[3])], 2);
        Tensor update_NTW = gate * _linear2.Forward(hidden);
        return scope.Keep(x_NTW + (drop is { } d ? d.Apply(update_NTW) : update_NTW));
    }

    private Tensor Heads(Tensor x_NTW)
    {
        using Tensor split = x_NTW.Reshape(x_NTW.Size(0), x_NTW.Size(1), _width / _headSize, _headSize);
        return split.Transpose(1, 2);
    }

    private static Tensor RmsNorm(Tensor x_NHTD, Tensor scale_D)
    {
        using var scope = new TensorScope();
        Tensor full = x_NHTD.To(ScalarType.Float32);
        return scope.Keep(full * (full.Square().Mean(-1, keepDimension: true) + Epsilon).Rsqrt() * scale_D);
    }

    /// <summary>Leaves out a block's update for whole sequences with a probability, and scales the others up.</summary>
    internal readonly record struct DropPath(double Probability, Generator Generator)
    {
        internal Tensor Apply(Tensor update_NTW)
        {
            if (Probability <= 0)
                return update_NTW.Alias();
            using var scope = new TensorScope();
            Tensor keep_N = Tensor.Empty([update_NTW.Size(0), 1, 1], device: update_NTW.Device);
            BernoulliOp.Run(keep_N, 1 - Probability, Generator);
            return scope.Keep(update_NTW * (keep_N / (1 - Probability)));
        }
    }
}
