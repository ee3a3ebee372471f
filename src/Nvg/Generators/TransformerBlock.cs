using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>
/// A single-stream transformer block: attention and MLP side by side between two linears, shifted, scaled and gated by a
/// condition vector (specification, section 4). The residual stream, norms and rotary turns stay in float32.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width.</remarks>
internal sealed class TransformerBlock
{
    internal const double Epsilon = 1e-6;

    // What the kernel of a whole block is written for.
    private const int KernelHeadSize = 64;

    private readonly Linear _linear1;
    private readonly Linear _linear2;
    private readonly Linear _modulation;
    private readonly Tensor _queryScale;
    private readonly Tensor _keyScale;
    private readonly int _width;
    private readonly int _heads;

    internal TransformerBlock(ParameterPath path, int width, int headSize, int mlpRatio)
    {
        _width = width;
        _heads = width / headSize;
        _linear1 = new Linear(path / "linear1", width, (3 + mlpRatio) * width);
        _linear2 = new Linear(path / "linear2", (1 + mlpRatio) * width, width);
        _queryScale = (path / "norm" / "query_norm").Parameter("scale", [headSize], Initialization.Ones);
        _keyScale = (path / "norm" / "key_norm").Parameter("scale", [headSize], Initialization.Ones);
        _modulation = new Linear(path / "modulation" / "lin", width, 3 * width);
    }

    /// <summary>Whether the matrices are packed for <see cref="ForwardInPlace"/>.</summary>
    internal bool IsPacked { get; private set; }

    /// <summary>Shift, scale and gate.</summary>
    /// <param name="condition_NW">SiLU of the condition vectors; any number of leading dimensions.</param>
    /// <returns>N × 3 W, float32.</returns>
    internal Tensor Modulation(Tensor condition_NW)
    {
        using Tensor modulation = _modulation.Forward(condition_NW);
        return modulation.To(ScalarType.Float32);
    }

    /// <summary>The modulation of a training pass, in which the block is left out for some sequences.</summary>
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
    /// <param name="rotary">Turns of the tokens.</param>
    internal Tensor Forward(Tensor x_NTW, Tensor modulation_NM, Tensor rotary)
    {
        using var scope = new TensorScope();
        Tensor[] modulation = modulation_NM.Split(1, _width, _width, _width);
        (Tensor shift, Tensor scale, Tensor gate) = (modulation[0], modulation[1], modulation[2]);
        Tensor y_NTW = BlockOperations.ModulatedLayerNorm(x_NTW, shift, scale, Epsilon, _linear1.WeightType);
        Tensor hidden = BlockOperations.AttentionMlp(_linear1.Forward(y_NTW), _queryScale, _keyScale, rotary, _heads, Epsilon);
        Tensor update_NTW = _linear2.Forward(hidden);
        return scope.Keep(BlockOperations.GatedSum(x_NTW, gate, update_NTW));
    }

    /// <summary>The block as one kernel, without gradients; for packed matrices.</summary>
    /// <param name="x_NTW">The residual stream; overwritten.</param>
    /// <param name="modulation_NM">From <see cref="Modulation"/>.</param>
    /// <param name="turns">Turns of the tokens as pairs of cosine and sine, N × T × head size.</param>
    internal void ForwardInPlace(Tensor x_NTW, Tensor modulation_NM, Tensor turns) =>
        BlockOperations.WholeBlock(x_NTW, modulation_NM, _linear1, _queryScale, _keyScale, turns, _linear2, Epsilon);

    /// <summary>Packs the matrices where the processor has a kernel for a whole block of this kind; else does nothing.</summary>
    /// <param name="store">Owns the matrices.</param>
    internal void Pack(ParameterStore store)
    {
        if (IsPacked || _linear1.WeightType != ScalarType.BFloat16 || _linear1.Weight.Device.Type != DeviceType.Cpu
            || _queryScale.ElementCount != KernelHeadSize || !BlockOperations.HasMatrixEngine)
            return;
        // Both or neither, should the memory not suffice.
        Tensor first = BlockOperations.PackMatrix(_linear1.Weight), second = BlockOperations.PackMatrix(_linear2.Weight);
        _linear1.Rearrange(store, first);
        _linear2.Rearrange(store, second);
        IsPacked = true;
    }

    /// <summary>Leaves out a block's update for whole sequences with a probability, and scales the others up.</summary>
    internal readonly record struct DropPath(double Probability, RandomGenerator Generator, DropPathRows? Rows)
    {
        private static readonly Operator BernoulliOp = new("aten::bernoulli_", "float");

        /// <summary>The update is dropped where its gate is zero.</summary>
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
