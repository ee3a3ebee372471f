using Nvg.Evaluation.Features;
using Nvg.Evaluation.Statistics;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Evaluation.Neighbours;

/// <summary>The nearest training images of generated and test images, in the features of a network and in pixels.</summary>
public sealed class NeighbourStudy
{
    private const int MostInTile = 1000, FeatureBatch = 64;
    private const int Shown = 32, ShownColumns = 4;

    private readonly IReadOnlyList<RgbImage> _samples;
    private readonly IReadOnlyList<IReadOnlyList<Neighbour>> _featureNeighbours;
    private readonly IReadOnlyList<IReadOnlyList<Neighbour>> _pixelNeighbours;
    private readonly Func<IEnumerable<RgbImage>> _training;

    private NeighbourStudy(
        IReadOnlyList<RgbImage> samples, int testCount, long trainingCount, NearestNeighbours inFeatures, NearestNeighbours inPixels,
        Func<IEnumerable<RgbImage>> training)
    {
        (_samples, _training, TestCount, TrainingCount) = (samples, training, testCount, trainingCount);
        _featureNeighbours = [.. inFeatures.Result.Take(samples.Count)];
        _pixelNeighbours = [.. inPixels.Result.Take(samples.Count)];
        InFeatures = MemorisationCheck.Of(_featureNeighbours, [.. inFeatures.Result.Skip(samples.Count)]);
        InPixels = MemorisationCheck.Of(_pixelNeighbours, [.. inPixels.Result.Skip(samples.Count)]);
    }

    /// <summary>Number of generated images.</summary>
    public int SampleCount => _samples.Count;

    /// <summary>Number of test images.</summary>
    public int TestCount { get; }

    /// <summary>Number of training images.</summary>
    public long TrainingCount { get; }

    /// <summary>Distances in the features of the network.</summary>
    public MemorisationCheck InFeatures { get; }

    /// <summary>Euclidean distances of the pixels, with values in 0…1.</summary>
    public MemorisationCheck InPixels { get; }

    /// <summary>Finds the neighbours.</summary>
    /// <param name="network">The feature network; borrowed.</param>
    /// <param name="samples">Generated images, all of one size.</param>
    /// <param name="test">Images of the same kind and size that were not trained on.</param>
    /// <param name="training">
    /// Enumerates the training images, always in the same order; called a second time by <see cref="Sheet"/>.
    /// </param>
    /// <param name="progress">Receives the number of training images done, or null.</param>
    /// <param name="cancellation">Checked before every batch.</param>
    /// <exception cref="NvgDataException">Images are missing, or do not fit the network.</exception>
    public static NeighbourStudy Run(
        IFeatureNetwork network, IReadOnlyList<RgbImage> samples, IReadOnlyList<RgbImage> test, Func<IEnumerable<RgbImage>> training,
        IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        if (samples.Count == 0 || test.Count == 0)
            throw new NvgDataException("there are no generated images, or no test images");
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        RgbImage[] queries = [.. samples, .. test];
        if (Array.Find(queries, p => (p.Width, p.Height) != (queries[0].Width, queries[0].Height)) is { } odd)
        {
            throw new NvgDataException(
                $"generated and test images must have the same size, not {queries[0].Width} × {queries[0].Height} and {odd.Width} × "
                    + $"{odd.Height}");
        }

        using var inFeatures = new NearestNeighbours(Features(network, queries, 0, cancellation), 2);
        using var inPixels = new NearestNeighbours(Pixels(queries), 2);
        int tileSize = ByteBudget.Rows(3L * queries[0].Width * queries[0].Height * sizeof(float), MostInTile);
        long count = 0;
        foreach (RgbImage[] tile in training().Chunk(tileSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var step = new TensorScope();
            inFeatures.Add(Features(network, tile, count, cancellation));
            inPixels.Add(Pixels(tile));
            progress?.Report(count += tile.Length);
        }

        return new NeighbourStudy(samples, test.Count, count, inFeatures, inPixels, training);
    }

    /// <summary>
    /// The samples closest to the training set by features, closest first, in groups of three: the sample, its nearest training
    /// image by features, and its nearest training image by pixels.
    /// </summary>
    /// <param name="cancellation">Checked before every training image; all of them are read again.</param>
    public RgbImage Sheet(CancellationToken cancellation = default)
    {
        int[] nearest = [.. Enumerable.Range(0, _samples.Count).OrderBy(i => _featureNeighbours[i][0].Distance).Take(Shown)];
        HashSet<long> wanted = [.. nearest.SelectMany(i => new[] { _featureNeighbours[i][0].Index, _pixelNeighbours[i][0].Index })];
        var found = new Dictionary<long, RgbImage>();
        foreach ((int index, RgbImage image) in _training().Index())
        {
            cancellation.ThrowIfCancellationRequested();
            if (wanted.Contains(index))
                found[index] = image;
        }

        RgbImage[] images =
            [.. nearest.SelectMany(i => new[] { _samples[i], found[_featureNeighbours[i][0].Index], found[_pixelNeighbours[i][0].Index] })];
        RgbImage[] triples = [.. images.Chunk(3).Select(three => ImageGrid.Compose(three, columns: 3, padding: 1, enlargement: 2))];
        return ImageGrid.Compose(triples, columns: Math.Min(ShownColumns, triples.Length), padding: 6);
    }

    // `first` is the index of the first image in error messages, among generated and test images or among training images.
    private static Tensor Features(IFeatureNetwork network, RgbImage[] images, long first, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        Tensor[] batches =
            [.. images.Chunk(FeatureBatch).Select((batch, i) => BatchFeatures(network, batch, first + i * FeatureBatch, cancellation))];
        return scope.Keep(Tensor.Cat(batches, 0));
    }

    private static Tensor BatchFeatures(IFeatureNetwork network, RgbImage[] images, long first, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var scope = new TensorScope();
        using ImageFeatures features = network.Extract(ImageTensor.ToBytes(images));
        FeatureChecks.RequireFinite(features.Pooled_NF, first);
        return scope.Keep(features.Pooled_NF.To(Device.Cpu).Clone());
    }

    private static Tensor Pixels(RgbImage[] images)
    {
        using var scope = new TensorScope();
        return scope.Keep(ImageTensor.ToBytes(images).Reshape(images.Length, -1).To(ScalarType.Float32) / 255.0);
    }
}
