using Nvg.Data.Datasets;
using Nvg.Torch.Files;

namespace Nvg.Data.Packing;

/// <summary>How evenly the images of a data set are distributed over its classes.</summary>
/// <param name="Classes">Number of classes.</param>
/// <param name="Smallest">The class with the fewest images.</param>
/// <param name="Largest">The class with the most images.</param>
/// <param name="Median">Median number of images per class.</param>
/// <param name="EffectiveClasses">
/// Exponential of the entropy of the class shares: the number of equally large classes with the same diversity.
/// </param>
public sealed record ClassBalance(int Classes, DatasetClass Smallest, DatasetClass Largest, int Median, double EffectiveClasses)
{
    /// <summary>
    /// If the ratio of the largest to the smallest class exceeds this value, small classes occur too rarely to be learned equally well.
    /// </summary>
    private const int NoticeableRatio = 3;

    /// <summary>Computes the balance of a list of classes. In a tie, the first class is named.</summary>
    /// <exception cref="ArgumentException">There are no classes.</exception>
    public static ClassBalance Of(IReadOnlyList<DatasetClass> classes)
    {
        if (classes.Count == 0)
            throw new ArgumentException("no classes", nameof(classes));
        DatasetClass[] rising = [.. classes.OrderBy(c => c.Count)];
        double total = rising.Sum(c => (double)c.Count);
        double entropy = rising.Where(c => c.Count > 0).Sum(c => -c.Count / total * Math.Log(c.Count / total));
        DatasetClass largest = rising.First(c => c.Count == rising[^1].Count);
        return new ClassBalance(classes.Count, rising[0], largest, rising[(rising.Length - 1) / 2].Count, Math.Exp(entropy));
    }

    /// <summary>Whether some classes are much larger than others.</summary>
    public bool IsUneven => Largest.Count > (long)NoticeableRatio * Smallest.Count;

    /// <summary>A one-line description.</summary>
    public override string ToString()
    {
        if (Smallest.Count == Largest.Count)
            return $"{Classes} {(Classes == 1 ? "class" : "classes")} of {Median} {(Median == 1 ? "image" : "images")} each";
        string warning = IsUneven ? ": small classes are seen rarely" : "";
        return $"{Classes} classes of {Describe(Smallest)} to {Describe(Largest)} images, median {Median}, "
            + $"as diverse as {EffectiveClasses:F0} even ones{warning}";
    }

    private static string Describe(DatasetClass one) => $"{one.Count} ({ForeignName.Display(one.Name)})";
}
