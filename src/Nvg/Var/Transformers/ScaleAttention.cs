using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Transformers;

/// <summary>
/// Self-attention in which queries and keys are normalised to unit length and every head has a learned scale. Keys have no bias.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width, H heads, D head size.</remarks>
internal sealed class ScaleAttention
{
    // Keeps the quotient finite if a query or key is zero.
    private const double SmallestNorm = 1e-12;
    private const double InitialScale = 4, LargestScale = 100;

    private readonly int _heads;
    private readonly Tensor _logScale_1H11;
    private readonly Tensor _queryBias_W;
    private readonly Tensor _valueBias_W;
    private readonly Tensor _weight;
    private readonly Linear _projection;

    /// <param name="path">Path of the attention.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="start">Initialisation of the matrices.</param>
    /// <param name="branchStart">Initialisation of the last matrix of the branch.</param>
    internal ScaleAttention(ParameterPath path, VarTransformerConfig config, Initialization start, Initialization branchStart)
    {
        int width = config.Width;
        _heads = config.Heads;
        _logScale_1H11 = path.Table(
            "scale_mul_1H11", [1, _heads, 1, 1], new Initialization(InitializationKind.Constant, Math.Log(InitialScale)));
        _queryBias_W = path.Parameter("q_bias", [width], Initialization.Zeros);
        _valueBias_W = path.Parameter("v_bias", [width], Initialization.Zeros);
        _weight = (path / "mat_qkv").Parameter("weight", [3L * width, width], start);
        _projection = new Linear(path / "proj", width, width, initialization: branchStart);
    }

    /// <summary>Element type of the matrix products.</summary>
    internal ScalarType WeightType => _weight.ScalarType;

    /// <summary>W → queries, keys and values; owned by the model.</summary>
    internal Tensor Weight => _weight;

    /// <summary>The output projection.</summary>
    internal Linear Projection => _projection;

    /// <summary>Scale of the queries of each head, 1 × H × 1 × 1; belongs to the innermost scope.</summary>
    internal Tensor QueryScale()
    {
        using var scope = new TensorScope();
        return scope.Keep(_logScale_1H11.Clamp(null, Math.Log(LargestScale)).Exp());
    }

    /// <summary>Bias of queries, keys and values; belongs to the innermost scope.</summary>
    internal Tensor Bias() => Tensor.Cat([_queryBias_W, Tensor.ZerosLike(_queryBias_W), _valueBias_W], 0);

    /// <summary>Computes attention among the tokens and, with a cache, to all tokens before them.</summary>
    /// <param name="x_NTW">Normalised tokens.</param>
    /// <param name="mask_1TT">Added to the scores; −∞ where a token must not attend to another. Null for no mask.</param>
    /// <param name="cache">Receives the keys and values of the tokens; null outside sampling.</param>
    internal Tensor Forward(Tensor x_NTW, Tensor? mask_1TT, KeyValueCache? cache)
    {
        using var scope = new TensorScope();
        long count = x_NTW.Size(0), tokens = x_NTW.Size(1);
        Tensor[] parts = Project(x_NTW).Reshape(count, tokens, 3, _heads, -1).Permute(2, 0, 3, 1, 4).Split(0, 1, 1, 1);
        Tensor value_NHTD = parts[2].Squeeze(0);
        Tensor query_NHTD = (Normalize(parts[0].Squeeze(0)) * QueryScale()).To(value_NHTD.ScalarType);
        Tensor key_NHTD = Normalize(parts[1].Squeeze(0)).To(value_NHTD.ScalarType);
        if (cache is not null)
            (key_NHTD, value_NHTD) = cache.Append(key_NHTD, value_NHTD);
        Tensor attended_NHTD = Functional.UnscaledAttention(query_NHTD, key_NHTD, value_NHTD, mask_1TT);
        return scope.Keep(_projection.Forward(attended_NHTD.Transpose(1, 2).Reshape(count, tokens, -1)));
    }

    private Tensor Project(Tensor x_NTW)
    {
        using var scope = new TensorScope();
        return scope.Keep(Precision.In(_weight, x_NTW, Bias(), Functional.Linear));
    }

    private static Tensor Normalize(Tensor x_NHTD)
    {
        using var scope = new TensorScope();
        Tensor full = x_NHTD.To(ScalarType.Float32);
        return scope.Keep(full / full.Square().Sum(-1, keepDimension: true).Sqrt().Clamp(SmallestNorm, null));
    }
}
