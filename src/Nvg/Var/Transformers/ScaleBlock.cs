using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Transformers;

/// <summary>
/// A transformer block: attention, then MLP. Each follows a layer norm that is scaled and shifted by the class, and each is gated by the
/// class. The residual stream stays in float32.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width.</remarks>
internal sealed class ScaleBlock
{
    internal const double Epsilon = 1e-6;

    private readonly int _width;
    private readonly ScaleAttention _attention;
    private readonly Linear _first;
    private readonly Linear _second;

    /// <param name="path">Path of the block.</param>
    /// <param name="config">Sizes.</param>
    internal ScaleBlock(ParameterPath path, VarTransformerConfig config)
    {
        _width = config.Width;
        Initialization start = VarInitialization.Matrix(config), branchStart = VarInitialization.BranchEnd(config);
        _attention = new ScaleAttention(path / "attn", config, start, branchStart);
        _first = new Linear(path / "ffn" / "fc1", _width, (long)config.MlpRatio * _width, initialization: start);
        _second = new Linear(path / "ffn" / "fc2", (long)config.MlpRatio * _width, _width, initialization: branchStart);
    }

    /// <summary>Element type of the matrix products.</summary>
    internal ScalarType WeightType => _attention.WeightType;

    /// <summary>The attention.</summary>
    internal ScaleAttention Attention => _attention;

    /// <summary>First layer of the MLP.</summary>
    internal Linear First => _first;

    /// <summary>Second layer of the MLP.</summary>
    internal Linear Second => _second;

    /// <param name="x_NTW">The residual stream.</param>
    /// <param name="modulation_NM">Gates, scales and shifts of attention and MLP, N × 6 W: γ₁ γ₂ s₁ s₂ b₁ b₂.</param>
    /// <param name="mask_1TT">Mask of the attention, or null.</param>
    /// <param name="cache">Keys and values of earlier tokens, or null.</param>
    /// <param name="drop">Drop path of the block's branches, or null.</param>
    internal Tensor Forward(Tensor x_NTW, Tensor modulation_NM, Tensor? mask_1TT, KeyValueCache? cache, BranchDrop? drop)
    {
        using var scope = new TensorScope();
        Tensor[] m = modulation_NM.Split(1, _width, _width, _width, _width, _width, _width);
        (Tensor attentionGate, Tensor mlpGate) = drop is null ? (m[0], m[1]) : (drop.Apply(m[0]), drop.Apply(m[1]));
        Tensor y_NTW = BlockOperations.ModulatedLayerNorm(x_NTW, m[4], m[2], Epsilon, WeightType);
        Tensor middle_NTW = BlockOperations.GatedSum(x_NTW, attentionGate, _attention.Forward(y_NTW, mask_1TT, cache));
        y_NTW = BlockOperations.ModulatedLayerNorm(middle_NTW, m[5], m[3], Epsilon, WeightType);
        Tensor update_NTW = _second.Forward(Functional.GeluTanh(_first.Forward(y_NTW)));
        return scope.Keep(BlockOperations.GatedSum(middle_NTW, mlpGate, update_NTW));
    }
}
