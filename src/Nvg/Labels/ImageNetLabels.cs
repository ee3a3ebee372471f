namespace Nvg.Labels;

/// <summary>
/// The 1,000 classes of ImageNet-1k in the usual order, sorted by WordNet identifier. The names are all synonyms from WordNet 3.0 (©
/// Princeton University), the preferred one first.
/// </summary>
public static class ImageNetLabels
{
    private static readonly Lazy<string[]> All = new(Read);

    /// <summary>One line per class, as in <c>labels.txt</c> of a model folder (<see cref="ClassLabel"/>): identifier, tab, names.</summary>
    public static IReadOnlyList<string> Lines => All.Value;

    private static string[] Read()
    {
        using Stream stream = typeof(ImageNetLabels).Assembly.GetManifestResourceStream("ImageNetLabels.txt")
            ?? throw new InvalidOperationException("the list of ImageNet's classes is not in the assembly");
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
    }
}
