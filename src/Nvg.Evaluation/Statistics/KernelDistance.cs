using Nvg.Torch;

namespace Nvg.Evaluation.Statistics;

/// <summary>
/// The kernel distance (Bińkowski et al. 2018; KID with Inception-2015 features): the unbiased estimate of the squared
/// maximum mean discrepancy under the kernel (x·y / F + 1)³, averaged over random subsets. It is not biased by the number
/// of images and can be negative by chance.
/// </summary>
/// <param name="Mean">Mean over the subsets.</param>
/// <param name="StandardDeviation">Population standard deviation over the subsets; 0 for one subset.</param>
/// <param name="Subsets">Number of subsets; 1 if both sets have the size of a subset, so that there is only one possible subset.</param>
/// <param name="SubsetSize">Vectors per subset on each side.</param>
public readonly record struct KernelDistance(double Mean, double StandardDeviation, int Subsets, int SubsetSize)
{
    /// <summary>Customary number of subsets.</summary>
    public const int CustomarySubsets = 100;

    /// <summary>Customary number of vectors per subset.</summary>
    public const int CustomarySubsetSize = 1000;

    /// <summary>Computes the distance in float64. Subsets are drawn without replacement by a separate random generator.</summary>
    /// <param name="first_NF">N × F; borrowed.</param>
    /// <param name="second_MF">M × F; borrowed.</param>
    /// <param name="subsets">Number of subsets.</param>
    /// <param name="subsetSize">Vectors per subset, limited to the size of the smaller set.</param>
    /// <param name="seed">Seed of the random subsets.</param>
    /// <param name="cancellation">Checked between subsets.</param>
    /// <exception cref="NvgDataException">The vectors differ in length, there are fewer than two, or one is not finite.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no subset, or a subset has fewer than two vectors.</exception>
    public static KernelDistance Between(
        Tensor first_NF, Tensor second_MF, int subsets = CustomarySubsets, int subsetSize = CustomarySubsetSize, ulong seed = 0,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(subsets, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(subsetSize, 2);
        if (first_NF.Size(1) != second_MF.Size(1))
            throw FeatureChecks.DifferentSizes(first_NF.Size(1), second_MF.Size(1));
        int size = (int)Math.Min(subsetSize, Math.Min(first_NF.Size(0), second_MF.Size(0)));
        if (size < 2)
            throw new NvgDataException("a kernel distance needs at least 2 images on each side");
        FeatureChecks.RequireFinite(first_NF);
        FeatureChecks.RequireFinite(second_MF);
        // Every subset would be the whole set and give the same value.
        if (size == first_NF.Size(0) && size == second_MF.Size(0))
            subsets = 1;
        using InferenceMode inference = Autograd.Inference();
        using var random = new RandomGenerator(seed);
        double[] values = new double[subsets];
        for (int i = 0; i < subsets; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = new TensorScope();
            values[i] = Discrepancy(Draw(first_NF, size, random), Draw(second_MF, size, random));
        }

        double mean = values.Average();
        return new KernelDistance(mean, Math.Sqrt(values.Average(v => (v - mean) * (v - mean))), subsets, size);
    }

    private static Tensor Draw(Tensor features_NF, int count, RandomGenerator random)
    {
        (_, Tensor order_N) = Tensor.Rand([features_NF.Size(0)], random, ScalarType.Float64).Sort(0);
        return features_NF.IndexSelect(0, order_N.Narrow(0, 0, count)).To(ScalarType.Float64);
    }

    private static double Discrepancy(Tensor x_NF, Tensor y_NF)
    {
        double count = x_NF.Size(0);
        return (SumOffDiagonal(Kernel(x_NF, x_NF)) + SumOffDiagonal(Kernel(y_NF, y_NF))) / (count * (count - 1))
            - 2 * Kernel(x_NF, y_NF).Sum().Item() / (count * count);
    }

    private static double SumOffDiagonal(Tensor kernel_NN) => kernel_NN.Sum().Item() - kernel_NN.Diagonal().Sum().Item();

    private static Tensor Kernel(Tensor x_NF, Tensor y_NF) => (x_NF.Matmul(y_NF.Transpose(0, 1)) * (1.0 / x_NF.Size(1)) + 1.0).Pow(3);
}
