namespace Nvg.Evaluation.Features;

/// <summary>
/// What figures may be called. The field's short names stand for one protocol: Inception-2015 features of enough
/// images, resized as in the published graph. Another resize stands behind the name ("FID (clean resize)"). Anything else is named after what it is, so that nobody compares it with published numbers.
/// </summary>
public static class MetricNames
{
    /// <summary>The network that the short names stand for.</summary>
    public const string Inception2015 = "Inception-2015";

    /// <summary>
    /// The fewest images, of samples and reference each, from which a Fréchet distance of Inception-2015 features is
    /// called FID. With fewer the estimate's bias is of the size of what is measured; the customary number is 50,000.
    /// </summary>
    public const int FewestForFid = 10_000;

    /// <summary>The name of a Fréchet distance of pooled features.</summary>
    /// <param name="network">The feature network.</param>
    /// <param name="samples">Images that are measured.</param>
    /// <param name="reference">Images of the reference, or null where its file does not say.</param>
    public static string FrechetDistance(IFeatureNetwork network, long samples, long? reference) => Frechet("FID", "features", network, samples, reference);

    /// <summary>The name of a Fréchet distance of spatial features.</summary>
    /// <inheritdoc cref="FrechetDistance" path="/param"/>
    public static string SpatialFrechetDistance(IFeatureNetwork network, long samples, long? reference) => Frechet("sFID", "spatial features", network, samples, reference);

    /// <summary>The name of an Inception score: IS for Inception-2015 and enough images.</summary>
    /// <param name="network">The network whose classes are scored.</param>
    /// <param name="samples">Images that are scored.</param>
    public static string InceptionScore(IFeatureNetwork network, long samples) => (IsInception(network), samples >= FewestForFid) switch
    {
        (true, true) => WithResize("IS", network),
        (true, false) => $"Inception score ({Resize(network)}{samples:N0} images, too few for IS, which takes {FewestForFid:N0})",
        _ => $"class score (classes of {network.Name})",
    };

    /// <summary>The name of a kernel distance: KID for Inception-2015.</summary>
    /// <param name="network">The feature network.</param>
    public static string KernelDistance(IFeatureNetwork network) => IsInception(network) ? WithResize("KID", network) : $"kernel distance (features of {network.Name})";

    /// <summary>The name of a distance between reconstructions and their originals.</summary>
    /// <param name="name">What the distance itself is called.</param>
    public static string OfReconstructions(string name) => name.Split(' ')[0] is "FID" or "sFID" ? "r" + name : name + " of reconstructions";

    /// <summary>The name of what compares neighbourhoods in feature space: precision, recall, density, coverage.</summary>
    /// <param name="name">Which.</param>
    /// <param name="network">The feature network.</param>
    public static string OfManifolds(string name, IFeatureNetwork network) => IsInception(network) ? WithResize(name, network) : $"{name} (features of {network.Name})";

    private static bool IsInception(IFeatureNetwork network) => network.Name == Inception2015;

    private static string WithResize(string name, IFeatureNetwork network) => network.OtherResize is { } resize ? $"{name} ({resize} resize)" : name;

    private static string Resize(IFeatureNetwork network) => network.OtherResize is { } resize ? $"{resize} resize; " : "";

    private static string Frechet(string shortName, string kind, IFeatureNetwork network, long samples, long? reference)
    {
        bool enough = samples >= FewestForFid && reference is null or >= FewestForFid;
        return (IsInception(network), enough) switch
        {
            (true, true) => WithResize(shortName, network),
            (true, false) => $"Fréchet distance ({kind} of {network.Name}; {Resize(network)}{samples:N0} images against {(reference is { } count ? $"{count:N0}" : "a stored reference")}, too few for {shortName}, which takes {FewestForFid:N0})",
            _ => $"Fréchet distance ({kind} of {network.Name})",
        };
    }
}
