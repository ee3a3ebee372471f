using Nvg.Data.Datasets;

namespace Nvg.Training.Planning.Facts;

/// <summary>Facts about a collection of images, known before training.</summary>
public sealed record DataFacts
{
    /// <summary>Name of the folder, archive or data set.</summary>
    public required string Source { get; init; }

    /// <summary>The classes and the number of images of each, at least one class with at least one image.</summary>
    public required IReadOnlyList<DatasetClass> Classes { get; init; }

    /// <summary>Median length of the shorter side of the images, in pixels.</summary>
    public required int MedianSide { get; init; }

    /// <summary>Length of the shorter side of the smallest image, in pixels.</summary>
    public required int SmallestSide { get; init; }

    /// <summary>Side of the images if the source is a prepared data set, whose size cannot change; null otherwise.</summary>
    public int? PreparedSide { get; init; }

    /// <summary>
    /// Standard deviation of the pixel values within an image, with values from 0 to 1; the mean over images. Photographs have about 0.2.
    /// </summary>
    public double Contrast { get; init; } = 0.2;

    /// <summary>
    /// Number of files that are known not to be usable images. They are not counted as images. In a large source, files whose
    /// damage only shows in their content are found only in a sample.
    /// </summary>
    public int UnusableFiles { get; init; }

    /// <summary>The first of <see cref="UnusableFiles"/> and its problem; null if there are none.</summary>
    public string? FirstUnusableFile { get; init; }

    /// <summary>Number of images.</summary>
    public int Images => Classes.Sum(c => c.Count);

    /// <summary>Number of images of the smallest class.</summary>
    public int SmallestClass => Classes.Min(c => c.Count);
}
