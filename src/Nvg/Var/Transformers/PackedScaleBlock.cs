using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Transformers;

/// <summary>
/// A block whose four matrices are laid out in the tiles that the processor's matrix units read. The whole block is computed in one kernel,
/// without gradients, for the tokens of the next scale. Owns copies of the data that it needs.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens, W width, H heads.</remarks>
internal sealed class PackedScaleBlock : IDisposable
{
    // The head size that the kernel supports.
    private const int KernelHeadSize = 64;

    private static readonly Operator ScaleBlockOp = new("nvg::scale_block_");

    private readonly List<Tensor> _owned = [];
    private readonly (Tensor Matrix, Tensor Bias) _queryKeyValue;
    private readonly (Tensor Matrix, Tensor Bias) _projection;
    private readonly (Tensor Matrix, Tensor Bias) _first;
    private readonly (Tensor Matrix, Tensor Bias) _second;
    private readonly Tensor _queryScale_H;

    /// <param name="block">A block that can be packed (<see cref="CanPack"/>); its biases are borrowed.</param>
    internal PackedScaleBlock(ScaleBlock block)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        try
        {
            _queryKeyValue = (Pack(block.Attention.Weight), Own(block.Attention.Bias()));
            _projection = Pack(block.Attention.Projection);
            _first = Pack(block.First);
            _second = Pack(block.Second);
            _queryScale_H = Own(block.Attention.QueryScale().Reshape(-1).Contiguous());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Whether the processor has a kernel for blocks of this size, type and device.</summary>
    internal static bool CanPack(ScaleBlock block, VarTransformerConfig config, Device device) =>
        block.WeightType == ScalarType.BFloat16 && device.Type == DeviceType.Cpu && config.HeadSize == KernelHeadSize
        && BlockOperations.HasMatrixEngine;

    /// <summary>Runs the block in place.</summary>
    /// <param name="x_NTW">The residual stream, float32 and contiguous; overwritten.</param>
    /// <param name="modulation_NM">Gates, scales and shifts, N × 6 W.</param>
    /// <param name="cache">Receives the keys and values of the tokens.</param>
    internal void ForwardInPlace(Tensor x_NTW, Tensor modulation_NM, KeyValueCache cache)
    {
        ScaleBlockOp.Run(
            x_NTW, modulation_NM, cache.Keys_NHLD, cache.Values_NHLD, cache.Length, _queryKeyValue.Matrix, _queryKeyValue.Bias,
            _queryScale_H, _projection.Matrix, _projection.Bias, _first.Matrix, _first.Bias, _second.Matrix, _second.Bias,
            ScaleBlock.Epsilon);
        cache.Advance(x_NTW.Size(1));
    }

    /// <inheritdoc/>
    public void Dispose() => _owned.ForEach(tensor => tensor.Dispose());

    private (Tensor Matrix, Tensor Bias) Pack(Linear linear) => (Pack(linear.Weight), linear.Bias!);

    private Tensor Pack(Tensor matrix) => Own(BlockOperations.PackMatrix(matrix));

    private Tensor Own(Tensor tensor)
    {
        _owned.Add(tensor.Own());
        return tensor;
    }
}
