using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators.Blocks;

/// <summary>
/// A single-stream transformer block: attention and MLP in parallel between two linear layers, shifted, scaled and gated by a
/// condition vector (paper, appendix A.4; docs/method.md, section 4.1). The residual stream, norms and rotations stay in float32.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width.</remarks>
internal sealed class TransformerBlock
{
    internal const double Epsilon = 1e-6;

    /// <summary>The head size that the whole-block kernel supports.</summary>
    internal const int KernelHeadSize = 64;

    private readonly Linear _modulation;
    private readonly int _width;
    private readonly int _heads;

    internal TransformerBlock(ParameterPath path, int width, int headSize, int mlpRatio)
    {
        _width = width;
        _heads = width / headSize;
        First = new Linear(path / "linear1", width, (3 + mlpRatio) * width);
        Second = new Linear(path / "linear2", (1 + mlpRatio) * width, width);
        QueryScale = (path / "norm" / "query_norm").Parameter("scale", [headSize], Initialization.Ones);
        KeyScale = (path / "norm" / "key_norm").Parameter("scale", [headSize], Initialization.Ones);
        _modulation = new Linear(path / "modulation" / "lin", width, 3 * width);
    }

    /// <summary>W → queries, keys, values and the MLP's hidden layer.</summary>
    internal Linear First { get; }

    /// <summary>Attention and MLP → W.</summary>
    internal Linear Second { get; }

    /// <summary>Learned scale of the queries' norm.</summary>
    internal Tensor QueryScale { get; }

    /// <summary>Learned scale of the keys' norm.</summary>
    internal Tensor KeyScale { get; }

    /// <summary>Whether the processor has a kernel for a whole block of this size, type and device (<see cref="PackedBlock"/>).</summary>
    internal bool CanBePacked => First.WeightType == ScalarType.BFloat16 && First.Weight.Device.Type == DeviceType.Cpu
        && QueryScale.ElementCount == KernelHeadSize && BlockOperations.HasMatrixEngine;

    /// <summary>Shift, scale and gate.</summary>
    /// <param name="condition_NW">SiLU of the condition vectors; any number of leading dimensions.</param>
    /// <returns>N × 3 W, float32.</returns>
    internal Tensor Modulation(Tensor condition_NW)
    {
        using Tensor modulation = _modulation.Forward(condition_NW);
        return modulation.To(ScalarType.Float32);
    }

    /// <summary>The modulation with drop path applied to the gate.</summary>
    /// <param name="modulation_NM">From <see cref="Modulation"/>.</param>
    /// <param name="drop">Stochastic depth, or null outside training.</param>
    internal Tensor Dropped(Tensor modulation_NM, DropPath? drop)
    {
        if (drop is not { Probability: > 0 } chance)
            return modulation_NM.Alias();
        using var scope = new TensorScope();
        Tensor[] parts = modulation_NM.Split(1, 2L * _width, _width);
        return scope.Keep(Tensor.Cat([parts[0], chance.Apply(parts[1])], 1));
    }

    /// <param name="x_NTW">The residual stream.</param>
    /// <param name="modulation_NM">From <see cref="Modulation"/>.</param>
    /// <param name="rotary">Rotations of the tokens.</param>
    internal Tensor Forward(Tensor x_NTW, Tensor modulation_NM, Tensor rotary)
    {
        using var scope = new TensorScope();
        Tensor[] modulation = modulation_NM.Split(1, _width, _width, _width);
        (Tensor shift, Tensor scale, Tensor gate) = (modulation[0], modulation[1], modulation[2]);
        Tensor y_NTW = BlockOperations.ModulatedLayerNorm(x_NTW, shift, scale, Epsilon, First.WeightType);
        Tensor hidden = BlockOperations.AttentionMlp(First.Forward(y_NTW), QueryScale, KeyScale, rotary, _heads, Epsilon);
        Tensor update_NTW = Second.Forward(hidden);
        return scope.Keep(BlockOperations.GatedSum(x_NTW, gate, update_NTW));
    }

    /// <summary>Frees the two large matrices; the block can no longer be used. Used when a packed copy replaces it.</summary>
    internal void FreeMatrices()
    {
        First.Weight.Dispose();
        Second.Weight.Dispose();
    }

    /// <summary>Stochastic depth: drops a block's update for whole sequences with a given probability and scales up the others.</summary>
    internal readonly record struct DropPath(double Probability, RandomGenerator Generator, DropPathRows? Rows)
    {
        private static readonly Operator BernoulliOp = new("aten::bernoulli_", "float");

        /// <summary>Zeroes the gates of dropped sequences, which removes their updates.</summary>
        internal Tensor Apply(Tensor gate_NW)
        {
            using var scope = new TensorScope();
            Tensor keep_B1 = Tensor.Empty([Rows?.Total ?? gate_NW.Size(0), 1], device: gate_NW.Device);
            BernoulliOp.Run(keep_B1, 1 - Probability, Generator);
            Tensor keep_N1 = Rows is null ? keep_B1 : keep_B1.IndexSelect(0, Rows.Row_N);
            return scope.Keep(gate_NW * (keep_N1 / (1 - Probability)));
        }
    }
}
