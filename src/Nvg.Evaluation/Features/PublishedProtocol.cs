namespace Nvg.Evaluation.Features;

/// <summary>
/// Decides which names a metric may carry. FID, sFID, IS and KID stand for one protocol: Inception-2015 features of enough
/// images, resized as in the published graph. Another resize is added to the name ("FID (clean resize)"). Every other
/// metric is named after its feature network, so that it is not mistaken for a published number.
/// </summary>
public static class PublishedProtocol
{
    /// <summary>Name of the feature network that the short names stand for.</summary>
    public const string Network = "Inception-2015";

    /// <summary>
    /// The minimum number of images, both samples and reference, for the names FID, sFID and IS. With fewer images, the bias of
    /// the estimate is as large as the differences between models; the customary number is 50,000.
    /// </summary>
    public const int MinimumImages = 10_000;

    /// <summary>Whether a network is the one that the protocol uses.</summary>
    /// <param name="network">A feature network.</param>
    public static bool Covers(IFeatureNetwork network) => network.Name == Network;

    /// <summary>A metric's name: the short name for the protocol's network, otherwise a description that names the network.</summary>
    /// <param name="shortName">Name under the protocol, such as <c>KID</c>.</param>
    /// <param name="description">Name with another network, such as <c>kernel distance</c>.</param>
    /// <param name="network">The feature network.</param>
    public static string Name(string shortName, string description, IFeatureNetwork network) =>
        Covers(network) ? WithResize(shortName, network) : $"{description} (features of {network.Name})";

    /// <summary>A name with the resize in parentheses, unless the resize is the published one.</summary>
    internal static string WithResize(string name, IFeatureNetwork network) =>
        network.OtherResize is { } resize ? $"{name} ({resize} resize)" : name;

    /// <summary>The resize as the start of a remark in parentheses; empty for the published resize.</summary>
    internal static string ResizePrefix(IFeatureNetwork network) => network.OtherResize is { } resize ? $"{resize} resize; " : "";
}
