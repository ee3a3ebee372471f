using Nvg.Data.Datasets;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Metrics;
using Nvg.Evaluation.Statistics;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Evaluation.Distributions;

/// <summary>Runs images through a feature network once and keeps only the features that are needed.</summary>
public sealed class FeatureExtraction : IDisposable
{
    private readonly IFeatureNetwork _network;
    private readonly FeatureNeeds _needs;
    private readonly long _count;
    private readonly GaussianAccumulator? _pooled;
    private readonly GaussianAccumulator? _spatial;
    private readonly InceptionScoreAccumulator? _score;
    private readonly List<Tensor> _rows = [];
    private long _done;

    /// <param name="network">Borrowed for the lifetime of this object.</param>
    /// <param name="needs">The features to keep.</param>
    /// <param name="count">Number of images that will be added.</param>
    /// <exception cref="NvgDataException">The network does not have these features.</exception>
    public FeatureExtraction(IFeatureNetwork network, FeatureNeeds needs, long count)
    {
        needs.Require(network);
        _network = network;
        (_needs, _count) = (needs with { Rows = Math.Min(needs.Rows, count) }, count);
        _pooled = needs.Pooled ? new GaussianAccumulator(network.FeatureSize) : null;
        _spatial = needs.Spatial ? new GaussianAccumulator(network.SpatialFeatureSize) : null;
        _score = needs.Score
            ? new InceptionScoreAccumulator(network.ClassCount, order: needs.ShuffledSplits ? EvenSample.Shuffled((int)count) : null)
            : null;
    }

    /// <summary>Extracts the features of a set of images.</summary>
    /// <param name="network">Borrowed.</param>
    /// <param name="images">All of one size.</param>
    /// <param name="count">Number of images.</param>
    /// <param name="needs">The features to keep.</param>
    /// <param name="batch">Images per batch; it does not affect the metrics.</param>
    /// <param name="progress">Receives the number of images done, or null.</param>
    /// <param name="cancellation">Checked between batches.</param>
    /// <exception cref="NvgDataException">
    /// An image is unusable, a feature is not finite, or the network does not have these features.
    /// </exception>
    public static ExtractedFeatures Run(
        IFeatureNetwork network, IEnumerable<RgbImage> images, long count, FeatureNeeds needs, int batch = 32,
        IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        using var extraction = new FeatureExtraction(network, needs, count);
        foreach (RgbImage[] part in images.Chunk(batch))
        {
            cancellation.ThrowIfCancellationRequested();
            extraction.Add(part);
            progress?.Report(extraction._done);
        }

        return extraction.Result();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pooled?.Dispose();
        _spatial?.Dispose();
        _score?.Dispose();
        foreach (Tensor rows in _rows)
            rows.Dispose();
    }

    /// <summary>Adds images.</summary>
    /// <param name="images">A batch, all of one size.</param>
    /// <exception cref="NvgDataException">A feature is not finite.</exception>
    public void Add(IReadOnlyList<RgbImage> images)
    {
        using Tensor images_NHWC = ImageTensor.ToBytes(images);
        using ImageFeatures features = _network.Extract(images_NHWC);
        Add(features, images.Count);
    }

    /// <summary>The features of all images.</summary>
    /// <exception cref="NvgDataException">The number of images differs from the one given to the constructor.</exception>
    public ExtractedFeatures Result()
    {
        if (_done != _count)
            throw new NvgDataException($"{_done} images were added, {_count} were expected");
        return new ExtractedFeatures
        {
            Count = _count,
            Pooled = _pooled?.ToStatistics(),
            Spatial = _spatial?.ToStatistics(),
            Score = _score?.ToScore(),
            Rows_MF = _rows.Count > 0 ? Tensor.Cat([.. _rows], 0).Own() : null,
        };
    }

    private void Add(ImageFeatures features, int length)
    {
        // Also checked where only rows are needed: NaN features would give a plausible metric.
        FeatureChecks.RequireFinite(features.Pooled_NF, _done);
        _pooled?.Add(features.Pooled_NF);
        _spatial?.Add(features.Spatial_NS!);
        _score?.AddLogits(features.Logits_NC!);
        long[] kept = _needs.Rows == 0
            ? []
            : [.. Enumerable.Range(0, length).Select(i => (long)i).Where(i => EvenSample.Contains(_done + i, _needs.Rows, _count))];
        if (kept.Length > 0)
        {
            using var scope = new TensorScope();
            Tensor rows_MF = features.Pooled_NF.To(Device.Cpu, ScalarType.Float32).IndexSelect(0, Tensor.From(kept, kept.Length));
            _rows.Add(rows_MF.Own());
        }

        _done += length;
    }
}
