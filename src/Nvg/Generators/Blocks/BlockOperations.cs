using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>
/// The three steps of a transformer block around its matrix products. On the CPU each is a fused native kernel with its own gradient. On a
/// GPU, fused kernels for sampling exist if the CUDA compiler was available when the native library was built. Otherwise, and with the
/// managed door, a step is composed of libtorch operators that evaluate the same formula.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width, H heads, D head size, M width of the MLP.</remarks>
internal static class BlockOperations
{
    private static readonly Operator ModulatedLayerNormOp = new("nvg::modulated_layer_norm");
    private static readonly Operator AttentionMlpOp = new("nvg::attention_mlp");
    private static readonly Operator GatedSumOp = new("nvg::gated_sum");
    private static readonly Operator RotatedHeadsOp = new("nvg::rotated_heads");
    private static readonly Operator BesideGeluOp = new("nvg::beside_gelu");
    private static readonly Operator HasCudaKernelsOp = new("nvg::has_cuda_kernels");
    private static readonly Operator HasMatrixEngineOp = new("nvg::has_matrix_engine");
    private static readonly Operator HasInt8EngineOp = new("nvg::has_int8_engine");
    private static readonly Operator PackMatrixOp = new("nvg::pack_matrix");
    private static readonly Operator PackMatrixInt8Op = new("nvg::pack_matrix_int8");
    private static readonly Operator WholeBlockOp = new("nvg::transformer_block_");
    private static readonly Operator WholeBlockInt8Op = new("nvg::transformer_block_int8_");

    /// <summary>Whether this processor has matrix instructions for packed bfloat16 (AMX, or AVX-512 with bfloat16).</summary>
    internal static bool HasMatrixEngine => TorchRuntime.HasKernels && HasMatrixEngineOp.CallNumber() != 0;

    /// <summary>Whether this processor has matrix instructions for packed int8 (AMX, or AVX-512 with VNNI and bfloat16).</summary>
    internal static bool HasInt8Engine => TorchRuntime.HasKernels && HasInt8EngineOp.CallNumber() != 0;

    /// <summary>Environment variable that disables the GPU kernels if set to 0; libtorch's operators are used instead.</summary>
    internal const string CudaKernelsVariable = "NVG_CUDA_KERNELS";

    // Evaluated once, and only for a GPU. It must not be evaluated when this class is first used, because the native library may not have
    // been found yet.
    private static readonly Lazy<bool> HasCudaKernels = new(() => TorchRuntime.HasKernels && HasCudaKernelsOp.CallNumber() != 0
        && Environment.GetEnvironmentVariable(CudaKernelsVariable) != "0");

    /// <summary>(1 + scale) · LayerNorm(x) + shift.</summary>
    /// <param name="x_NTW">Residual stream, float32.</param>
    /// <param name="shift_NW">Per sequence.</param>
    /// <param name="scale_NW">Per sequence.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="weightType">Element type of the following matrix product, which is also the type of the output.</param>
    internal static Tensor ModulatedLayerNorm(Tensor x_NTW, Tensor shift_NW, Tensor scale_NW, double epsilon, ScalarType weightType) =>
        HasKernels(x_NTW) || SamplesOnGpu(x_NTW, shift_NW, scale_NW)
            ? ModulatedLayerNormOp.Call(x_NTW, shift_NW, scale_NW, epsilon, weightType)
            : Composed.ModulatedLayerNorm(x_NTW, shift_NW, scale_NW, epsilon);

    /// <summary>[attention, gelu(m)] of [q k v | m], with RMS norms and rotary embedding of queries and keys.</summary>
    /// <param name="projected">N × T × (3 W + M).</param>
    /// <param name="queryScale_D">Learned scale of the queries' norm.</param>
    /// <param name="keyScale_D">Learned scale of the keys' norm.</param>
    /// <param name="rotary">Complex rotations, N × 1 × T × D/2.</param>
    /// <param name="heads">Number of heads (H).</param>
    /// <param name="epsilon">Epsilon of the norms.</param>
    /// <returns>N × T × (W + M).</returns>
    internal static Tensor AttentionMlp(Tensor projected, Tensor queryScale_D, Tensor keyScale_D, Tensor rotary, int heads, double epsilon)
    {
        if (!HasKernels(projected) && !SamplesOnGpu(projected))
            return Composed.AttentionMlp(projected, queryScale_D, keyScale_D, rotary, heads, epsilon);
        using Tensor turns = RotaryEmbedding.AsPairs(rotary);
        return HasKernels(projected)
            ? AttentionMlpOp.Call(projected, queryScale_D, keyScale_D, turns, heads, epsilon)
            : AttentionMlpOnGpu(projected, queryScale_D, keyScale_D, turns, heads, epsilon);
    }

    /// <summary>x + gate · update.</summary>
    internal static Tensor GatedSum(Tensor x_NTW, Tensor gate_NW, Tensor update_NTW) =>
        HasKernels(x_NTW) || SamplesOnGpu(x_NTW, gate_NW, update_NTW)
            ? GatedSumOp.Call(x_NTW, gate_NW, update_NTW)
            : Composed.GatedSum(x_NTW, gate_NW, update_NTW);

    /// <summary>Packs a bfloat16 matrix (out × in) into the tiles that <see cref="WholeBlock"/> reads.</summary>
    internal static Tensor PackMatrix(Tensor weight) => PackMatrixOp.Call(weight);

    /// <summary>Rounds a matrix (out × in) to int8 and packs it into tiles.</summary>
    /// <returns>The tiles, and the scales and sums of the columns, which the products need.</returns>
    internal static (Tensor Tiles, Tensor Columns) PackMatrixInt8(Tensor weight)
    {
        Tensor?[] results = PackMatrixInt8Op.CallMany(2, weight);
        return (results[0]!, results[1]!);
    }

    /// <summary>
    /// Runs a whole block in one kernel, without gradients: products in bfloat16 or int8, everything else in float32.
    /// </summary>
    /// <param name="x_NTW">Residual stream, contiguous; overwritten with the block's output.</param>
    /// <param name="modulation_NM">Shift, scale and gate of every sequence, N × 3 W.</param>
    /// <param name="first">Packed W → 3 W + M, and its bias.</param>
    /// <param name="queryScale_D">Learned scale of the queries' norm.</param>
    /// <param name="keyScale_D">Learned scale of the keys' norm.</param>
    /// <param name="turns">Rotations as pairs of cosine and sine, N × T × D.</param>
    /// <param name="second">Packed W + M → W, and its bias.</param>
    /// <param name="epsilon">Epsilon of the norms.</param>
    internal static void WholeBlock(
        Tensor x_NTW, Tensor modulation_NM, (PackedMatrix Matrix, Tensor? Bias) first, Tensor queryScale_D, Tensor keyScale_D,
        Tensor turns, (PackedMatrix Matrix, Tensor? Bias) second, double epsilon)
    {
        if (first.Matrix.Columns is null)
        {
            WholeBlockOp.Run(
                x_NTW, modulation_NM, first.Matrix.Tiles, first.Bias, queryScale_D, keyScale_D, turns, second.Matrix.Tiles, second.Bias,
                epsilon);
        }
        else
        {
            WholeBlockInt8Op.Run(
                x_NTW, modulation_NM, first.Matrix.Tiles, first.Matrix.Columns, first.Bias, queryScale_D, keyScale_D, turns,
                second.Matrix.Tiles, second.Matrix.Columns, second.Bias, epsilon);
        }
    }

    private static bool HasKernels(Tensor tensor) => tensor.Device.Type == DeviceType.Cpu && TorchRuntime.HasKernels;

    // GPU kernels have no gradients. Memory that they read in groups of two or four must be aligned.
    private static bool SamplesOnGpu(params ReadOnlySpan<Tensor> inputs)
    {
        if (inputs[0].Device.Type != DeviceType.Cuda || !HasCudaKernels.Value || inputs[0].Size(-1) % 8 != 0)
            return false;
        foreach (Tensor input in inputs)
        {
            if (input.RequiresGrad)
                return false;
        }

        return true;
    }

    // Attention itself uses libtorch.
    private static Tensor AttentionMlpOnGpu(
        Tensor projected, Tensor queryScale_D, Tensor keyScale_D, Tensor turns, int heads, double epsilon)
    {
        using var scope = new TensorScope();
        long count = projected.Size(0), tokens = projected.Size(1), width = heads * queryScale_D.Size(0);
        Tensor?[] rotated = RotatedHeadsOp.CallMany(2, projected, queryScale_D, keyScale_D, turns, heads, epsilon);
        Tensor value_NHTD = projected.Narrow(2, 2 * width, width).Reshape(count, tokens, heads, -1).Transpose(1, 2);
        Tensor attended_NHTD = Functional.ScaledDotProductAttention(rotated[0]!, rotated[1]!, value_NHTD);
        return scope.Keep(BesideGeluOp.Call(attended_NHTD.Transpose(1, 2).Reshape(count, tokens, width), projected));
    }

    /// <summary>The same formulas composed of libtorch operators, for any device.</summary>
    internal static class Composed
    {
        internal static Tensor ModulatedLayerNorm(Tensor x_NTW, Tensor shift_NW, Tensor scale_NW, double epsilon)
        {
            using var scope = new TensorScope();
            return scope.Keep((scale_NW.Unsqueeze(1) + 1) * Functional.LayerNorm(x_NTW, epsilon) + shift_NW.Unsqueeze(1));
        }

        internal static Tensor AttentionMlp(
            Tensor projected, Tensor queryScale_D, Tensor keyScale_D, Tensor rotary, int heads, double epsilon)
        {
            using var scope = new TensorScope();
            long width = heads * queryScale_D.Size(0);
            Tensor[] parts = projected.Split(2, width, width, width, projected.Size(2) - 3 * width);
            Tensor value = Heads(parts[2], heads);
            Tensor query = RotaryEmbedding.Apply(RmsNorm(Heads(parts[0], heads), queryScale_D, epsilon), rotary).To(value.ScalarType);
            Tensor key = RotaryEmbedding.Apply(RmsNorm(Heads(parts[1], heads), keyScale_D, epsilon), rotary).To(value.ScalarType);
            Tensor attended_NHTD = Functional.ScaledDotProductAttention(query, key, value);
            Tensor attended_NTW = attended_NHTD.Transpose(1, 2).Reshape(projected.Size(0), projected.Size(1), width);
            return scope.Keep(Tensor.Cat([attended_NTW.To(value.ScalarType), Functional.GeluTanh(parts[3])], 2));
        }

        internal static Tensor GatedSum(Tensor x_NTW, Tensor gate_NW, Tensor update_NTW)
        {
            using var scope = new TensorScope();
            return scope.Keep(x_NTW + gate_NW.Unsqueeze(1) * update_NTW);
        }

        private static Tensor Heads(Tensor x_NTW, int heads)
        {
            using Tensor split = x_NTW.Reshape(x_NTW.Size(0), x_NTW.Size(1), heads, -1);
            return split.Transpose(1, 2);
        }

        private static Tensor RmsNorm(Tensor x_NHTD, Tensor scale_D, double epsilon)
        {
            using var scope = new TensorScope();
            Tensor full = x_NHTD.To(ScalarType.Float32);
            return scope.Keep(full * (full.Square().Mean(-1, keepDimension: true) + epsilon).Rsqrt() * scale_D);
        }
    }
}
