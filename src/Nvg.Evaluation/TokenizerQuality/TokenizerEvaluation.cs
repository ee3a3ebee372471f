using System.Diagnostics;
using Nvg.Data.Loading;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Metrics;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>Measures the reconstructions of a tokenizer per stage, and its codebook usage.</summary>
public sealed class TokenizerEvaluation : IDisposable
{
    private readonly IImageTokenizer _tokenizer;
    private readonly TokenizerEvaluationOptions _options;
    private readonly CodebookUsage _usage;
    private readonly List<ReconstructionQuality>[] _qualities;
    private readonly FeatureExtraction? _originals;
    private readonly FeatureExtraction? _reconstructions;
    private readonly List<RankedImage> _best = [];
    private readonly List<RankedImage> _worst = [];
    private int _resized;
    private int _grey;

    private TokenizerEvaluation(IImageTokenizer tokenizer, int count, TokenizerEvaluationOptions options)
    {
        (_tokenizer, _options) = (tokenizer, options);
        _usage = new CodebookUsage(tokenizer.StageCount, tokenizer.CodebookSize);
        _qualities = [.. Enumerable.Range(0, _tokenizer.StageCount).Select(_ => new List<ReconstructionQuality>())];
        if (options.Network is { } network)
        {
            var needs = new FeatureNeeds(Pooled: true, Spatial: network.SpatialFeatureSize > 0);
            (_originals, _reconstructions) = (new FeatureExtraction(network, needs, count), new FeatureExtraction(network, needs, count));
        }
    }

    /// <summary>Runs the evaluation.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="images">Square images of the tokenizer's size.</param>
    /// <param name="count">Number of images, at least 2.</param>
    /// <param name="options">Which metrics, and how.</param>
    /// <param name="progress">Receives the number of images done, or null.</param>
    /// <param name="cancellation">Checked between batches.</param>
    /// <exception cref="NvgDataException">An image is unusable, or there are too few.</exception>
    public static TokenizerReport Run(
        IImageTokenizer tokenizer, IEnumerable<SquareEntry> images, int count, TokenizerEvaluationOptions options,
        IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        long start = Stopwatch.GetTimestamp();
        if (count < 2)
            throw new NvgDataException($"a tokenizer is measured over at least 2 images, not {count}");
        using var evaluation = new TokenizerEvaluation(tokenizer, count, options);
        // Images are read before they are chunked, because a packed data set is open only while it is enumerated.
        foreach ((string Name, RgbImage Image)[] batch in images.Select(evaluation.Read).Chunk(options.Batch))
        {
            cancellation.ThrowIfCancellationRequested();
            evaluation.Add(batch);
            progress?.Report(evaluation.Done);
        }

        return evaluation.Report(start, cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _originals?.Dispose();
        _reconstructions?.Dispose();
    }

    private (string Name, RgbImage Image) Read(SquareEntry entry)
    {
        RgbImage image = entry.Read();
        if (entry.Header?.Invoke() is { } header)
        {
            _resized += header.Width != image.Width || header.Height != image.Height ? 1 : 0;
            _grey += header.IsGrey ? 1 : 0;
        }

        return (entry.Name, image);
    }

    private int Done => _qualities[^1].Count;

    private void Add((string Name, RgbImage Image)[] entries)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        RgbImage[] originals = Array.ConvertAll(entries, e => e.Image);
        Tensor images_BCHW = ImageTensor.Load(originals, _tokenizer.Device);
        using IImageDescription description = _tokenizer.Describe(images_BCHW);
        _usage.Add(description.Tokens);
        RgbImage[] images = [];
        for (int i = _options.Stages ? 0 : _tokenizer.StageCount - 1; i < _tokenizer.StageCount; i++)
        {
            images = Decode(description, i);
            _qualities[i].AddRange(Measure(images, originals, images_BCHW));
        }

        _originals?.Add(originals);
        _reconstructions?.Add(images);
        int first = Done - entries.Length;
        for (int b = 0; b < entries.Length; b++)
            Rank(new RankedImage(entries[b].Name, _qualities[^1][first + b], originals[b], images[b]));
    }

    private static RgbImage[] Decode(IImageDescription description, int stage)
    {
        using var scope = new TensorScope();
        return ImageTensor.ToImages(description.Decode(stage));
    }

    private ReconstructionQuality[] Measure(RgbImage[] images, RgbImage[] originals, Tensor originals_BCHW)
    {
        using var scope = new TensorScope();
        float[]? lpips = _options.Perceptual?.Forward(ImageTensor.Load(images, originals_BCHW.Device), originals_BCHW).ToArray<float>();
        return [.. images.Select((image, b) => Quality(image, originals[b], lpips?[b]))];
    }

    private static ReconstructionQuality Quality(RgbImage image, RgbImage original, float? lpips) => new(
        ImageQuality.Psnr(image, original), ImageQuality.Ssim(image, original), ImageQuality.MeanAbsoluteError(image, original), lpips);

    private StageQuality StageQualityOf(int stage)
    {
        int tokens = _tokenizer.TokenCount(stage);
        List<ReconstructionQuality> qualities = _qualities[stage];
        return new StageQuality(
            stage, tokens, tokens * Math.Log2(_usage.CodebookSize), _usage.Usage(stage), _usage.Perplexity(stage),
            qualities.Count > 0 ? ReconstructionQuality.Mean(qualities) : null);
    }

    private void Rank(RankedImage image)
    {
        Insert(_best, image, Loss);
        Insert(_worst, image, p => -Loss(p));
    }

    private void Insert(List<RankedImage> list, RankedImage image, Func<RankedImage, double> order)
    {
        int place = list.FindIndex(p => order(p) > order(image));
        list.Insert(place < 0 ? list.Count : place, image);
        if (list.Count > _options.Ranked)
            list.RemoveAt(list.Count - 1);
    }

    private static double Loss(RankedImage image) => image.Quality.Lpips ?? -image.Quality.Psnr;

    private TokenizerReport Report(long start, CancellationToken cancellation)
    {
        return new TokenizerReport
        {
            Count = Done,
            Resized = _resized,
            Grey = _grey,
            Quality = ReconstructionQuality.Mean(_qualities[^1]),
            PerceptualName = _options.Perceptual?.Name,
            Network = _options.Network is { } network ? $"{network.Name}; resize {network.Preprocessing}" : null,
            Distances = [.. Distances(cancellation)],
            CodebookSize = _usage.CodebookSize,
            CodebookUsage = _usage.Usage(),
            Perplexity = _usage.Perplexity(),
            Stages = [.. Enumerable.Range(0, _tokenizer.StageCount).Select(StageQualityOf)],
            Best = _best,
            Worst = _worst,
            Notes = [.. Notes()],
            Seconds = Stopwatch.GetElapsedTime(start).TotalSeconds,
        };
    }

    private IEnumerable<MetricValue> Distances(CancellationToken cancellation)
    {
        if (_options.Network is not { } network)
            yield break;
        using ExtractedFeatures originals = _originals!.Result(), reconstructions = _reconstructions!.Result();
        var context = new MetricContext(network, reconstructions, originals) { Cancellation = cancellation };
        foreach (FrechetDistanceMetric metric in (FrechetDistanceMetric[])[FrechetDistanceMetric.Pooled, FrechetDistanceMetric.Spatial])
        {
            if (!metric.IsSupportedBy(network))
                continue;
            foreach (MetricValue value in metric.Compute(context))
                yield return value with { Name = metric.ReconstructionName(network, Done) };
        }
    }

    private IEnumerable<string> Notes()
    {
        int side = _tokenizer.ImageSize;
        if (_resized > 0)
        {
            yield return "images resized by their shorter side and cropped to the centre, because they were not "
                + $"{side} × {side}: {_resized:N0}";
        }
        if (_grey > 0)
            yield return $"grey images, converted to three equal channels: {_grey:N0}";
        if (_options.Network is { } network && Done <= network.FeatureSize)
        {
            yield return $"{Done:N0} images for {network.FeatureSize:N0} features: "
                + "compare the Fréchet distance only with distances of the same number of images";
        }

        if (Done < _usage.CodebookSize)
            yield return $"{Done:N0} images for {_usage.CodebookSize:N0} codes: the first stage uses at most one code per image";
    }
}
