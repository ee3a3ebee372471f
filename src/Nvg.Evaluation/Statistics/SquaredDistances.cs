using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>
/// Squared Euclidean distances between two sets of vectors, tile by tile, so that memory does not grow with the product of their
/// sizes.
/// </summary>
internal static class SquaredDistances
{
    /// <summary>64 MiB of distances in float32.</summary>
    internal static readonly TileSize CustomaryTile = new(2048, 8192);

    // Rounding error of the distance of equal vectors in float32, relative to their squared lengths; smaller distances count as zero.
    private const double Rounding = 2e-6;

    private static readonly Operator AddProductOp = new("aten::addmm");

    /// <summary>Vectors minus a common mean, which preserves distances and makes them more accurate, with their squared lengths.</summary>
    internal static (Tensor Rows_NF, Tensor Norms_N) Centred(Tensor features_NF, Tensor mean_F)
    {
        using var scope = new TensorScope();
        Tensor rows_NF = (features_NF - mean_F).Contiguous();
        return (scope.Keep(rows_NF), scope.Keep(rows_NF.Square().Sum(1)));
    }

    /// <summary>Distances of one tile, R × C, never negative.</summary>
    internal static Tensor Between(Tensor rows_RF, Tensor rowNorms_R, Tensor columns_CF, Tensor columnNorms_C)
    {
        using var scope = new TensorScope();
        Tensor norms_RC = rowNorms_R.Unsqueeze(1) + columnNorms_C;
        Tensor distances_RC = AddProductOp.Call(norms_RC, rows_RF, columns_CF.Transpose(0, 1), 1L, -2L);
        norms_RC.MultiplyInPlace(Rounding);
        return scope.Keep(distances_RC.MaskedFill(distances_RC.IsLess(norms_RC), 0));
    }

    /// <summary>The starts and lengths of tiles that cover <paramref name="count"/> items.</summary>
    internal static IEnumerable<(long Start, long Length)> Tiles(long count, long size)
    {
        for (long start = 0; start < count; start += size)
            yield return (start, Math.Min(size, count - start));
    }
}
