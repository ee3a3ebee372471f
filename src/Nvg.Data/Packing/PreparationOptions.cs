using Nvg.Data.Datasets;

namespace Nvg.Data.Packing;

/// <summary>Settings of <see cref="Preparation"/>.</summary>
public sealed record PreparationOptions
{
    // Each thread keeps images in memory; a larger number is probably a typing error.
    private const int MostThreads = 1024;

    /// <summary>Side of the training images, in pixels.</summary>
    public required int Size { get; init; }

    /// <summary>
    /// Side of the stored images, at least <see cref="Size"/>. A larger side (usually 1.125 × the size) leaves room for random crops
    /// in training. Null for the size itself.
    /// </summary>
    public int? StoredSize { get; init; }

    /// <summary>
    /// Length to which the shorter side of an image is resized before the centre crop, at least the stored size;
    /// <c>round(1.125 × size)</c> removes the margins, as ImageNet pipelines do. Null for the stored size.
    /// </summary>
    public int? ShorterSide { get; init; }

    /// <summary>
    /// Whether to store the original image files, which are decoded during training. For large images, this needs a fraction of the space
    /// of pixels, and random crops can use the whole image. Every file is decoded once to check it.
    /// </summary>
    public bool KeepFiles { get; init; }

    /// <summary>Number of decoding threads; 0 for one per processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>Whether an existing data set in the folder is replaced once the new one is complete.</summary>
    public bool Replaces { get; init; }

    internal int EffectiveStoredSize => StoredSize ?? Size;

    internal int EffectiveShorterSide => ShorterSide ?? EffectiveStoredSize;

    internal int EffectiveThreads => Threads == 0 ? Environment.ProcessorCount : Threads;

    /// <summary>Checks all settings and reports all problems at once.</summary>
    /// <exception cref="ArgumentException">A setting is invalid.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (Size is < 1 or > PackedDataset.LargestSide)
            problems.Add($"the size {Size} must be between 1 and {PackedDataset.LargestSide}");
        if (EffectiveStoredSize < Size || EffectiveStoredSize > PackedDataset.LargestSide)
            problems.Add($"the stored size {EffectiveStoredSize} must be between the size {Size} and {PackedDataset.LargestSide}");
        if (EffectiveShorterSide < EffectiveStoredSize || EffectiveShorterSide > 2 * PackedDataset.LargestSide)
        {
            problems.Add(
                $"the shorter side {EffectiveShorterSide} must be between the stored size {EffectiveStoredSize} "
                + $"and {2 * PackedDataset.LargestSide}");
        }

        if (KeepFiles && (StoredSize ?? ShorterSide) is not null)
            problems.Add("stored size and shorter side apply to pixels; if files are kept, they are chosen during training");
        if (Threads is < 0 or > MostThreads)
            problems.Add($"the number of threads {Threads} must be between 0 and {MostThreads}");
        if (problems.Count > 0)
            throw new ArgumentException(string.Join("; ", problems));
    }
}
