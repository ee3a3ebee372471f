using Nvg.Data.Datasets;

namespace Nvg.Data.Packing;

/// <summary>How images are brought to one size.</summary>
public sealed record PreparationOptions
{
    /// <summary>The side of the squares that a model is trained on, in pixels.</summary>
    public required int Size { get; init; }

    /// <summary>
    /// The side of the squares that are stored, at least <see cref="Size"/>. A larger one (1.125 × the size is usual)
    /// leaves room for random crops while training. Null: the size itself.
    /// </summary>
    public int? StoredSize { get; init; }

    /// <summary>
    /// What the shorter side of an image is resized to before the square is cut from its centre, at least the stored
    /// size; <c>round(1.125 × size)</c> cuts off the margins as the ImageNet pipelines do. Null: the stored size.
    /// </summary>
    public int? ShorterSide { get; init; }

    /// <summary>
    /// Whether to store image files as they came, to be decoded while training: a fraction of the room that
    /// pixels of large images take, and random squares out of the whole image. Every file is decoded once to see that it can be.
    /// </summary>
    public bool KeepFiles { get; init; }

    /// <summary>Decoding threads; 0 takes one per processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    internal int EffectiveStoredSize => StoredSize ?? Size;

    internal int EffectiveShorterSide => ShorterSide ?? EffectiveStoredSize;

    internal int EffectiveThreads => Threads == 0 ? Environment.ProcessorCount : Threads;

    /// <summary>Checks every field and reports all problems at once.</summary>
    /// <exception cref="ArgumentException">Something does not fit.</exception>
    public void Validate()
    {
        var problems = new List<string>();
        if (Size is < 1 or > PackedDataset.LargestSide)
            problems.Add($"the size {Size} must lie between 1 and {PackedDataset.LargestSide}");
        if (EffectiveStoredSize < Size || EffectiveStoredSize > PackedDataset.LargestSide)
            problems.Add($"the stored size {EffectiveStoredSize} must lie between the size {Size} and {PackedDataset.LargestSide}");
        if (EffectiveShorterSide < EffectiveStoredSize || EffectiveShorterSide > 2 * PackedDataset.LargestSide)
            problems.Add($"the shorter side {EffectiveShorterSide} must lie between the stored size {EffectiveStoredSize} and {2 * PackedDataset.LargestSide}");
        if (KeepFiles && (StoredSize ?? ShorterSide) is not null)
            problems.Add("a stored size and a shorter side are of pixels, where files are kept training decides them");
        if (Threads < 0)
            problems.Add($"the number of threads {Threads} must not be negative");
        if (problems.Count > 0)
            throw new ArgumentException(string.Join("; ", problems));
    }
}
