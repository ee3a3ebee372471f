namespace Nvg.Evaluation.Neighbours;

/// <summary>
/// Tests whether generated images are suspiciously close to training images, compared with unseen images of the same
/// kind (a test set).
/// </summary>
public sealed record MemorisationCheck
{
    /// <summary>
    /// An image counts as a near copy if its distance to the nearest training image is below this share of the distance to the
    /// second nearest (Yoon et al. 2023). It also counts if the distance is zero, because the training set may contain an image
    /// twice.
    /// </summary>
    public const double CopyRatio = 1.0 / 3;

    // Relative to the median distance of the test images; images closer than this differ only by rounding.
    private const double RoundingShare = 1e-4;

    private const double LowShare = 0.01;

    /// <summary>Compares distances to the training set. The two nearest neighbours of each image are required.</summary>
    /// <param name="samples">Neighbours of generated images in the training set.</param>
    /// <param name="test">Neighbours of test images in the training set.</param>
    /// <exception cref="NvgDataException">
    /// There are no images, fewer than two training images, or most test images are training images.
    /// </exception>
    public static MemorisationCheck Of(IReadOnlyList<IReadOnlyList<Neighbour>> samples, IReadOnlyList<IReadOnlyList<Neighbour>> test)
    {
        if (samples.Count == 0 || test.Count == 0 || samples.Concat(test).Any(n => n.Count < 2))
            throw new NvgDataException("a memorisation check needs generated images, test images and at least two training images");
        double[] sampleDistances = Sorted(samples), testDistances = Sorted(test);
        double rounding = RoundingShare * Median(testDistances);
        if (rounding == 0)
            throw new NvgDataException("most test images are training images; use a test set that was not trained on");
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

    /// <summary><see cref="SampleMedian"/> over <see cref="TestMedian"/>: well below 1 if training images were copied.</summary>
    public double MedianRatio => SampleMedian / TestMedian;

    /// <summary>
    /// Probability that a generated image is closer to the training set than a test image (Mann–Whitney statistic, ties count
    /// half): ½ if generated and test images are equally close, close to 1 if training images were copied.
    /// </summary>
    public required double CloserThanTest { get; init; }

    /// <summary>
    /// Share of generated images closer to the training set than the closest 1 % of the test images; about 0.01 if generated and
    /// test images are equally close.
    /// </summary>
    public required double BelowLowestTestPercent { get; init; }

    /// <summary>Share of generated images that count as near copies; see <see cref="CopyRatio"/>.</summary>
    public required double SampleCopies { get; init; }

    /// <summary>The same share among test images, caused by duplicates in the data set.</summary>
    public required double TestCopies { get; init; }

    private static double[] Sorted(IReadOnlyList<IReadOnlyList<Neighbour>> neighbours) =>
        [.. neighbours.Select(n => n[0].Distance).Order()];

    private static double Median(double[] sorted) => (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;

    private static double CopyShare(IReadOnlyList<IReadOnlyList<Neighbour>> neighbours, double rounding) =>
        (double)neighbours.Count(n => n[0].Distance <= rounding || n[0].Distance < CopyRatio * n[1].Distance) / neighbours.Count;

    // Both are sorted: one pass over the second counts how many of the first are smaller and how many are equal.
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
