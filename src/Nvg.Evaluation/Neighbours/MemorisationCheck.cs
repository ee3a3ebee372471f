namespace Nvg.Evaluation.Neighbours;

/// <summary>
/// Whether generated images lie suspiciously near to training images, judged by how near unseen images of the same
/// kind (a test set) lie to them.
/// </summary>
public sealed record MemorisationCheck
{
    /// <summary>
    /// An image counts as a near copy if its nearest training image is at less than this share of the distance of the
    /// second nearest (Yoon et al. 2023), or at no distance at all: the training set may have it twice.
    /// </summary>
    public const double CopyRatio = 1.0 / 3;

    // Of the test images' median distance: what is nearer differs by rounding.
    private const double RoundingShare = 1e-4;

    private const double LowShare = 0.01;

    /// <summary>Compares distances to the training set; each image needs its two nearest.</summary>
    /// <param name="samples">Neighbours of generated images in the training set.</param>
    /// <param name="test">Neighbours of test images in the training set.</param>
    /// <exception cref="NvgDataException">There are no images, fewer than two training images, or most test images are training images.</exception>
    public static MemorisationCheck Of(IReadOnlyList<IReadOnlyList<Neighbour>> samples, IReadOnlyList<IReadOnlyList<Neighbour>> test)
    {
        if (samples.Count == 0 || test.Count == 0 || samples.Concat(test).Any(n => n.Count < 2))
            throw new NvgDataException("a memorisation check needs generated images, test images and at least two training images");
        double[] sampleDistances = Sorted(samples), testDistances = Sorted(test);
        double rounding = RoundingShare * Median(testDistances);
        if (rounding == 0)
            throw new NvgDataException("most test images are training images themselves and no measure of distance; name a test set that was not trained on");
        double low = testDistances[(int)(LowShare * testDistances.Length)];
        return new MemorisationCheck
        {
            SampleMedian = Median(sampleDistances),
            TestMedian = Median(testDistances),
            CloserThanTest = ProbabilityOfLess(sampleDistances, testDistances),
            BelowLowestTestPercent = (double)sampleDistances.Count(d => d < low) / sampleDistances.Length,
            SampleCopies = CopyShare(samples, rounding),
            TestCopies = CopyShare(test, rounding),
        };
    }

    /// <summary>Median distance of a generated image to its nearest training image.</summary>
    public required double SampleMedian { get; init; }

    /// <summary>Median distance of a test image to its nearest training image.</summary>
    public required double TestMedian { get; init; }

    /// <summary><see cref="SampleMedian"/> over <see cref="TestMedian"/>: well under 1 where training images are copied.</summary>
    public double MedianRatio => SampleMedian / TestMedian;

    /// <summary>
    /// Probability that a generated image lies nearer to the training set than a test image (Mann and Whitney's
    /// statistic, equal distances counted half): ½ where both are alike, towards 1 where training images are copied.
    /// </summary>
    public required double CloserThanTest { get; init; }

    /// <summary>Share of generated images nearer to the training set than all but the nearest hundredth of the test images; about 0.01 where both are alike.</summary>
    public required double BelowLowestTestPercent { get; init; }

    /// <summary>Share of generated images that count as near copies, see <see cref="CopyRatio"/>.</summary>
    public required double SampleCopies { get; init; }

    /// <summary>The same share of test images: what the data set's own duplicates make.</summary>
    public required double TestCopies { get; init; }

    private static double[] Sorted(IReadOnlyList<IReadOnlyList<Neighbour>> neighbours) => [.. neighbours.Select(n => n[0].Distance).Order()];

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static double CopyShare(IReadOnlyList<IReadOnlyList<Neighbour>> neighbours, double rounding) =>
        (double)neighbours.Count(n => n[0].Distance <= rounding || n[0].Distance < CopyRatio * n[1].Distance) / neighbours.Count;

    // Both sorted: one walk over the second counts how many of the first lie below and how many are equal.
    private static double ProbabilityOfLess(double[] first, double[] second)
    {
        int below = 0, notAbove = 0;
        double sum = 0;
        foreach (double value in second)
        {
            while (below < first.Length && first[below] < value)
                below++;
            while (notAbove < first.Length && first[notAbove] <= value)
                notAbove++;
            sum += (below + notAbove) / 2.0;
        }

        return sum / first.Length / second.Length;
    }
}
