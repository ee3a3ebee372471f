namespace Nvg.Evaluation.Features;

/// <summary>
/// What figures may be called. The field's short names stand for one protocol: Inception-2015 features of enough
/// pictures. Anything else is named after what it is, so that nobody compares it with published numbers.
/// </summary>
public static class MetricNames
{
    /// <summary>The network that the short names stand for.</summary>
    public const string Inception2015 = "Inception-2015";

    /// <summary>
    /// The fewest pictures, of samples and reference each, from which a Fréchet distance of Inception-2015 features is
    /// called FID. With fewer the estimate's bias is of the size of what is measured; the customary number is 50,000.
    /// </summary>
    public const int FewestForFid = 10_000;

    /// <summary>The name of a Fréchet distance of pooled features.</summary>
    /// <param name="network">Name of the feature network.</param>
    /// <param name="samples">Pictures that are measured.</param>
    /// <param name="reference">Pictures of the reference, or null where its file does not say.</param>
    public static string FrechetDistance(string network, long samples, long? reference) => Frechet("FID", "features", network, samples, reference);

    /// <summary>The name of a Fréchet distance of spatial features.</summary>
    /// <inheritdoc cref="FrechetDistance" path="/param"/>
    public static string SpatialFrechetDistance(string network, long samples, long? reference) => Frechet("sFID", "spatial features", network, samples, reference);

    /// <summary>The name of an Inception score: IS for Inception-2015 and enough pictures.</summary>
    /// <param name="network">Name of the network whose classes are scored.</param>
    /// <param name="samples">Pictures that are scored.</param>
    public static string InceptionScore(string network, long samples) => (network == Inception2015, samples >= FewestForFid) switch
    {
        (true, true) => "IS",
        (true, false) => $"Inception score ({samples:N0} pictures, too few for IS, which takes {FewestForFid:N0})",
        _ => $"class score (classes of {network})",
    };

    /// <summary>The name of a kernel distance: KID for Inception-2015.</summary>
    /// <param name="network">Name of the feature network.</param>
    public static string KernelDistance(string network) => network == Inception2015 ? "KID" : $"kernel distance (features of {network})";

    /// <summary>The name of a distance between reconstructions and their originals.</summary>
    /// <param name="name">What the distance itself is called.</param>
    public static string OfReconstructions(string name) => name is "FID" or "sFID" ? "r" + name : name + " of reconstructions";

    private static string Frechet(string shortName, string kind, string network, long samples, long? reference)
    {
        bool enough = samples >= FewestForFid && reference is null or >= FewestForFid;
        return (network == Inception2015, enough) switch
        {
            (true, true) => shortName,
            (true, false) => $"Fréchet distance ({kind} of {network}; {samples:N0} pictures against {(reference is { } count ? $"{count:N0}" : "a stored reference")}, too few for {shortName}, which takes {FewestForFid:N0})",
            _ => $"Fréchet distance ({kind} of {network})",
        };
    }
}
