using Nvg.Data.Loading;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Evaluation.Statistics;
using Nvg.Imaging.Npz;

namespace Nvg.Evaluation.Distributions;

/// <summary>
/// The reference that samples are measured against: images, stored statistics, or a file with both, like the published references.
/// </summary>
public sealed class SampleReference
{
    private SampleReference(string path, bool hasStatistics, ImageSet? images) =>
        (Path, HasStatistics, Images) = (path, hasStatistics, images);

    /// <summary>Path of the reference.</summary>
    public string Path { get; }

    /// <summary>The reference images, or null if there are only statistics.</summary>
    public ImageSet? Images { get; }

    /// <summary>Whether the reference has stored statistics, with or without images.</summary>
    public bool HasStatistics { get; }

    /// <summary>Which parts of the reference were used, for reports; empty before <see cref="Features"/> is called.</summary>
    public string Description { get; private set; } = "";

    /// <summary>Opens a reference.</summary>
    /// <param name="path">A path accepted by <see cref="ImageSet.Open"/>, or an .npz with <c>mu</c> and <c>sigma</c>.</param>
    /// <exception cref="NvgDataException">The path is neither.</exception>
    public static SampleReference Open(string path)
    {
        bool stored = StatisticsFile.IsAt(path);
        bool hasImages = !stored || HasImages(path);
        return new SampleReference(path, stored, hasImages ? ImageSet.Open(path) : null);
    }

    /// <summary>Reads stored statistics and computes the remaining features from the images.</summary>
    /// <param name="network">Borrowed.</param>
    /// <param name="needs">The features to return.</param>
    /// <param name="batch">Images per batch.</param>
    /// <param name="progress">Receives the number of images done, or null.</param>
    /// <param name="cancellation">Checked between batches.</param>
    /// <exception cref="NvgDataException">A feature is not stored and cannot be computed.</exception>
    public ExtractedFeatures Features(
        IFeatureNetwork network, FeatureNeeds needs, int batch = 32, IProgress<long>? progress = null,
        CancellationToken cancellation = default)
    {
        ExtractedFeatures? stored = HasStatistics ? StatisticsFile.Read(Path, network) : null;
        try
        {
            var missing = new FeatureNeeds(
                needs.Pooled && stored?.Pooled is null, needs.Spatial
                    && stored?.Spatial is null, false, stored?.Rows_MF is null ? needs.Rows : 0);
            Description = Describe(stored, missing);
            if (missing == default)
                return stored ?? new ExtractedFeatures { Count = Images?.Count };
            if (Images is null)
            {
                string what = missing.Rows > 0 ? "features for precision, recall and kernel distance" : "spatial statistics";
                throw NvgDataException.At(
                    Path, $"has no stored {what}, and no images to compute them from",
                    "leave these metrics out of --metrics, or give images as the reference");
            }

            using ExtractedFeatures computed =
                FeatureExtraction.Run(network, Images.Images(), Images.Count, missing, batch, progress, cancellation);
            return Join(stored, computed);
        }
        catch
        {
            stored?.Dispose();
            throw;
        }
    }

    // Aliases, because the computed record is disposed afterwards.
    private static ExtractedFeatures Join(ExtractedFeatures? stored, ExtractedFeatures computed) => new()
    {
        Count = stored is { Pooled: not null } ? stored.Count : computed.Count,
        Pooled = stored?.Pooled ?? Moved(computed.Pooled),
        Spatial = stored?.Spatial ?? Moved(computed.Spatial),
        Rows_MF = stored?.Rows_MF ?? computed.Rows_MF?.Alias().Own(),
    };

    private static GaussianStatistics? Moved(GaussianStatistics? statistics) =>
        statistics is null ? null : new(statistics.Mean_F.Alias(), statistics.Covariance_FF.Alias(), statistics.Count);

    private string Describe(ExtractedFeatures? stored, FeatureNeeds missing)
    {
        string statistics =
            stored is null ? "" : stored.Count is { } count ? $"stored statistics of {count:N0} images" : "stored statistics";
        string images = missing == default || Images is null ? "" : $"{Images.Count:N0} images of {Images.Width} × {Images.Height}";
        return string.Join(" and ", new[] { statistics, images }.Where(t => t.Length > 0));
    }

    private static bool HasImages(string path)
    {
        using NpzFile file = NpzFile.Open(path);
        return file.Contains("arr_0");
    }
}
