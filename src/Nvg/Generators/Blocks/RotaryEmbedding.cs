using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Generators.Blocks;

/// <summary>
/// Structure-aware rotary embedding: the channels of a head are divided among axes (token type, one per structure channel, row,
/// column), and every pair of channels is rotated by the token's position on its axis (paper, section 2.2.2; docs/method.md,
/// section 4.2).
/// </summary>
/// <remarks>
/// A table holds one unit complex number per token and pair, so that a rotation is one complex product.
/// Shapes: N sequences, L latent positions, T tokens, P = head size / 2 pairs, A = K + 3 axes.
/// </remarks>
public sealed class RotaryEmbedding
{
    /// <summary>Channels of the token-type axis.</summary>
    public const int TokenTypeSize = 8;

    private const double Theta = 10_000;
    private const int StructureAxisSize = 2;
    private static readonly Operator PolarOp = new("aten::polar");
    private static readonly Operator ViewAsComplexOp = new("aten::view_as_complex");
    private static readonly Operator ViewAsRealOp = new("aten::view_as_real");

    private readonly LatentGrid _grid;
    private readonly int[] _pairAxis;
    private readonly double[] _pairFrequency;

    /// <param name="grid">The latent positions.</param>
    /// <param name="headSize">Channels of a head.</param>
    public RotaryEmbedding(LatentGrid grid, int headSize)
    {
        _grid = grid;
        AxisSizes = SizesOf(grid, headSize);
        _pairAxis = [.. AxisSizes.SelectMany((size, axis) => Enumerable.Repeat(axis, size / 2))];
        _pairFrequency = [.. AxisSizes.SelectMany(size => Enumerable.Range(0, size / 2).Select(j => Math.Pow(Theta, -2.0 * j / size)))];
    }

    /// <summary>Token types, as positions on the first axis.</summary>
    public enum TokenType
    {
        /// <summary>A latent position of the sequence being generated.</summary>
        Latent = 0,

        /// <summary>A canvas position that conditions the structure generator.</summary>
        CanvasCondition = 2,
    }

    /// <summary>Channels per axis: token type, K structure channels, row, column.</summary>
    public IReadOnlyList<int> AxisSizes { get; }

    /// <summary>Positions that depend only on the grid: the class token (1 on every axis), then the latent positions.</summary>
    /// <returns>1 × (1 + L) × A; the structure axes of latent positions are 0 until <see cref="Table"/> fills them.</returns>
    public Tensor PositionIds()
    {
        int axes = AxisSizes.Count;
        float[] ids = new float[(1 + _grid.Length) * axes];
        Array.Fill(ids, 1, 0, axes);
        for (int l = 0; l < _grid.Length; l++)
        {
            int row = (1 + l) * axes;
            ids[row] = (float)TokenType.Latent;
            ids[row + axes - 2] = l / _grid.Width;
            ids[row + axes - 1] = l % _grid.Width;
        }

        return Tensor.From(ids, 1, 1 + _grid.Length, axes);
    }

    /// <summary>The rotations of a sequence: a class token, then one block of latent positions per token type.</summary>
    /// <param name="structure_NLK">Embedding of the current stage, in {0, 1, 2}.</param>
    /// <param name="blocks">The token types, in the order of the sequence.</param>
    /// <returns>N × 1 × T × P complex numbers.</returns>
    public Tensor Table(Tensor structure_NLK, params ReadOnlySpan<TokenType> blocks)
    {
        using var scope = new TensorScope();
        long count = structure_NLK.Size(0);
        Device device = structure_NLK.Device;
        Tensor ids_1TA = PositionIds().Send(device);
        Tensor class_N1A = ids_1TA.Narrow(1, 0, 1).Expand(count, -1, -1);
        Tensor places_NL2 = ids_1TA.Narrow(1, 1, _grid.Length).Narrow(2, AxisSizes.Count - 2, 2).Expand(count, -1, -1);
        var parts = new List<Tensor> { class_N1A };
        foreach (TokenType type in blocks)
        {
            Tensor type_NL1 = Tensor.Full([count, _grid.Length, 1], (double)type, device: device);
            parts.Add(Tensor.Cat([type_NL1, structure_NLK, places_NL2], 2));
        }

        Tensor positions_NTA = Tensor.Cat([.. parts], 1);
        Tensor axis_P = Tensor.From(Array.ConvertAll(_pairAxis, a => (long)a), _pairAxis.Length).Send(device);
        Tensor frequency_P = Tensor.From(_pairFrequency, _pairFrequency.Length).Send(device);
        // Angles are computed in float64, because they reach hundreds of radians on large grids.
        Tensor angle_NTP = (positions_NTA.IndexSelect(2, axis_P).To(ScalarType.Float64) * frequency_P).To(ScalarType.Float32);
        Tensor ones_NTP = Tensor.Full([1], 1, device: device).Expand(angle_NTP.Shape.ToArray()).Contiguous();
        return scope.Keep(PolarOp.Call(ones_NTP, angle_NTP).Unsqueeze(1));
    }

    /// <summary>Rotates queries or keys.</summary>
    /// <param name="x_NHTD">N × heads × T × head size.</param>
    /// <param name="table">From <see cref="Table"/>.</param>
    /// <returns>The same shape, float32.</returns>
    public static Tensor Apply(Tensor x_NHTD, Tensor table)
    {
        using var scope = new TensorScope();
        long[] shape = x_NHTD.Shape.ToArray();
        Tensor pairs = x_NHTD.To(ScalarType.Float32).Reshape([.. shape[..^1], shape[^1] / 2, 2]);
        Tensor turned = ViewAsComplexOp.Call(pairs.Contiguous()) * table;
        return scope.Keep(ViewAsRealOp.Call(turned).Reshape(shape));
    }

    /// <summary>The rotations as pairs of cosine and sine, N × T × head size.</summary>
    internal static Tensor AsPairs(Tensor table)
    {
        using Tensor real = ViewAsRealOp.Call(table);
        return real.Reshape(table.Size(0), table.Size(2), -1);
    }

    // The channels not used by token type and structure are split evenly between row and column, in whole pairs.
    private static int[] SizesOf(LatentGrid grid, int headSize)
    {
        int rest = headSize - TokenTypeSize - StructureAxisSize * grid.LastStage;
        int row = rest / 4 * 2;
        return [TokenTypeSize, .. Enumerable.Repeat(StructureAxisSize, grid.LastStage), row, rest - row];
    }
}
