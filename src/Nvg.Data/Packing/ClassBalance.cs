using Nvg.Data.Datasets;

namespace Nvg.Data.Packing;

/// <summary>How evenly the images of a data set are spread over its classes.</summary>
/// <param name="Classes">Number of classes.</param>
/// <param name="Smallest">The class with the fewest images.</param>
/// <param name="Largest">The class with the most images.</param>
/// <param name="Median">Half of the classes have at most as many images.</param>
/// <param name="EffectiveClasses">e to the entropy of the shares: as many classes of one size would be as diverse.</param>
public sealed record ClassBalance(int Classes, DatasetClass Smallest, DatasetClass Largest, int Median, double EffectiveClasses)
{
    /// <summary>Beyond this ratio of the largest to the smallest class a model sees the small ones too rarely to learn them alike.</summary>
    private const int NoticeableRatio = 3;

    /// <summary>Counts the classes of a data set; the first of equals is named.</summary>
    /// <exception cref="ArgumentException">There are no classes.</exception>
    public static ClassBalance Of(IReadOnlyList<DatasetClass> classes)
    {
        if (classes.Count == 0)
            throw new ArgumentException("no classes", nameof(classes));
        DatasetClass[] rising = [.. classes.OrderBy(c => c.Count)];
        double total = rising.Sum(c => (double)c.Count);
        double entropy = rising.Where(c => c.Count > 0).Sum(c => -c.Count / total * Math.Log(c.Count / total));
        return new ClassBalance(classes.Count, rising[0], rising.First(c => c.Count == rising[^1].Count), rising[(rising.Length - 1) / 2].Count, Math.Exp(entropy));
    }

    /// <summary>Whether some classes are far larger than others.</summary>
    public bool IsUneven => Largest.Count > (long)NoticeableRatio * Smallest.Count;

    /// <summary>One line for people.</summary>
    public override string ToString() => Smallest.Count == Largest.Count
        ? $"{Classes} classes of {Median} {(Median == 1 ? "image" : "images")} each"
        : $"{Classes} classes of {Smallest.Count} ({Smallest.Name}) to {Largest.Count} ({Largest.Name}) images, median {Median}, as diverse as {EffectiveClasses:F0} even ones{(IsUneven ? ": small classes are seen rarely" : "")}";
}
