using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>
/// Overlap of two sets of vectors. Each set is modelled as the union of balls around its vectors, with the distance to the
/// k-th neighbour (excluding the vector itself) as radius: improved precision and recall (Kynkäänniemi et al. 2019),
/// density and coverage (Naeem et al. 2020). A vector on the surface counts as inside. Distances are squared and computed in float32.
/// </summary>
/// <param name="Precision">Share of samples inside any ball of the reference.</param>
/// <param name="Recall">Share of reference vectors inside any ball of the samples.</param>
/// <param name="Density">Mean number of reference balls that contain a sample, divided by k.</param>
/// <param name="Coverage">Share of reference balls that contain a sample.</param>
public readonly record struct ManifoldOverlap(double Precision, double Recall, double Density, double Coverage)
{
    /// <summary>Customary k of precision and recall.</summary>
    public const int PrecisionNeighbours = 3;

    /// <summary>The k of density and coverage, as chosen by their authors.</summary>
    public const int DensityNeighbours = 5;

    /// <summary>Minimum number of vectors on each side: each vector needs k neighbours besides itself.</summary>
    public const int MinimumVectors = DensityNeighbours + 1;

    private static readonly Operator TopKOp = new("aten::topk");
    private static readonly Operator AnyOp = new("aten::any", "dim");

    /// <summary>Computes the overlap. Time grows with the product of the counts, memory with their sum.</summary>
    /// <param name="reference_NF">N × F, on the CPU; borrowed.</param>
    /// <param name="samples_MF">M × F, on the CPU; borrowed.</param>
    /// <param name="cancellation">Checked between tiles.</param>
    /// <exception cref="NvgDataException">There are too few vectors for this many neighbours, or one is not finite.</exception>
    public static ManifoldOverlap Of(Tensor reference_NF, Tensor samples_MF, CancellationToken cancellation = default) =>
        Of(reference_NF, samples_MF, SquaredDistances.CustomaryTile, cancellation);

    /// <summary>Overload for tiles of any size, which affects only time and memory.</summary>
    internal static ManifoldOverlap Of(Tensor reference_NF, Tensor samples_MF, TileSize tile, CancellationToken cancellation)
    {
        if (reference_NF.Size(1) != samples_MF.Size(1))
            throw FeatureChecks.DifferentSizes(reference_NF.Size(1), samples_MF.Size(1));
        if (Math.Min(reference_NF.Size(0), samples_MF.Size(0)) < MinimumVectors)
        {
            throw new NvgDataException(
                $"{samples_MF.Size(0)} samples and {reference_NF.Size(0)} images of the reference are too few for {DensityNeighbours} "
                    + "neighbours each");
        }

        FeatureChecks.RequireFinite(reference_NF);
        FeatureChecks.RequireFinite(samples_MF);
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor mean_F = reference_NF.To(ScalarType.Float32).Mean(0);
        var reference = new PointSet(reference_NF.To(ScalarType.Float32), mean_F, tile, cancellation);
        var samples = new PointSet(samples_MF.To(ScalarType.Float32), mean_F, tile, cancellation);
        return Compare(reference, samples, tile, cancellation);
    }

    private static ManifoldOverlap Compare(PointSet reference, PointSet samples, TileSize size, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        Tensor precise_M = Tensor.Zeros([samples.Count], ScalarType.Bool), recalled_N = Tensor.Zeros([reference.Count], ScalarType.Bool);
        Tensor covered_N = Tensor.Zeros([reference.Count], ScalarType.Bool);
        double memberships = 0;
        foreach ((long row, long rows) in SquaredDistances.Tiles(reference.Count, size.Rows))
        {
            foreach ((long column, long columns) in SquaredDistances.Tiles(samples.Count, size.Columns))
            {
                cancellation.ThrowIfCancellationRequested();
                using var tile = new TensorScope();
                Tensor distances_RC = reference.Distances(row, rows, samples, column, columns);
                Or(precise_M.Narrow(0, column, columns), distances_RC.IsLessOrEqual(reference.NearRadius_N1.Narrow(0, row, rows)), 0);
                Tensor recalled_RC = distances_RC.IsLessOrEqual(samples.NearRadius_N1.Narrow(0, column, columns).Transpose(0, 1));
                Or(recalled_N.Narrow(0, row, rows), recalled_RC, 1);
                Tensor inside_RC = distances_RC.IsLessOrEqual(reference.FarRadius_N1.Narrow(0, row, rows));
                Or(covered_N.Narrow(0, row, rows), inside_RC, 1);
                memberships += inside_RC.Sum().Item();
            }
        }

        return new ManifoldOverlap(Share(precise_M), Share(recalled_N), memberships / ((double)DensityNeighbours * samples.Count),
            Share(covered_N));
    }

    private static void Or(Tensor flags, Tensor inside_RC, int dimension) =>
        flags.CopyFrom(flags + AnyOp.Call(inside_RC, (long)dimension, false));

    private static double Share(Tensor flags) => flags.Sum().Item() / flags.ElementCount;

    /// <summary>Vectors with the radii of their balls. The tensors belong to the scope in which the set is created.</summary>
    private readonly struct PointSet
    {
        private readonly Tensor _rows_NF;
        private readonly Tensor _norms_N;

        internal PointSet(Tensor features_NF, Tensor mean_F, TileSize tile, CancellationToken cancellation)
        {
            (_rows_NF, _norms_N) = SquaredDistances.Centred(features_NF, mean_F);
            Tensor radii_NK = Nearest(DensityNeighbours + 1, tile, cancellation);
            // The nearest neighbour of each vector is the vector itself.
            NearRadius_N1 = radii_NK.Narrow(1, PrecisionNeighbours, 1);
            FarRadius_N1 = radii_NK.Narrow(1, DensityNeighbours, 1);
        }

        internal long Count => _rows_NF.Size(0);

        internal Tensor NearRadius_N1 { get; }

        internal Tensor FarRadius_N1 { get; }

        internal Tensor Distances(long row, long rows, PointSet other, long column, long columns) => SquaredDistances.Between(
            _rows_NF.Narrow(0, row, rows), _norms_N.Narrow(0, row, rows),
            other._rows_NF.Narrow(0, column, columns), other._norms_N.Narrow(0, column, columns));

        /// <summary>The smallest distances of every vector within the set, ascending, including the distance to itself.</summary>
        private Tensor Nearest(int count, TileSize size, CancellationToken cancellation)
        {
            using var scope = new TensorScope();
            var blocks = new List<Tensor>();
            foreach ((long row, long rows) in SquaredDistances.Tiles(Count, size.Rows))
            {
                using var block = new TensorScope();
                var smallest = new List<Tensor>();
                foreach ((long column, long columns) in SquaredDistances.Tiles(Count, size.Columns))
                {
                    cancellation.ThrowIfCancellationRequested();
                    using var tile = new TensorScope();
                    smallest.Add(tile.Keep(Smallest(Distances(row, rows, this, column, columns), Math.Min(count, columns))));
                }

                blocks.Add(block.Keep(Smallest(Tensor.Cat([.. smallest], 1), count)));
            }

            return scope.Keep(Tensor.Cat([.. blocks], 0));
        }

        private static Tensor Smallest(Tensor distances_RC, long count)
        {
            Tensor?[] found = TopKOp.CallMany(2, distances_RC, count, 1L, false, true);
            found[1]!.Dispose();
            return found[0]!;
        }
    }
}
