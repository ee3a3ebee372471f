using System.Diagnostics;
using Nvg.Data;
using Nvg.Evaluation.Distances;
using Nvg.Evaluation.Features;
using Nvg.Evaluation.Samples;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Evaluation.Tokenizers;

/// <summary>Measures a tokenizer's round trip over pictures: what is lost, stage by stage, and how the codebook is used.</summary>
public sealed class TokenizerEvaluation : IDisposable
{
    private readonly Tokenizer _tokenizer;
    private readonly TokenizerEvaluationOptions _options;
    private readonly CodebookUsage _usage;
    private readonly List<PictureQuality>[] _qualities;
    private readonly FeatureExtraction? _originals;
    private readonly FeatureExtraction? _reconstructions;
    private readonly List<RankedPicture> _best = [];
    private readonly List<RankedPicture> _worst = [];
    private int _resized;
    private int _grey;

    private TokenizerEvaluation(Tokenizer tokenizer, int count, TokenizerEvaluationOptions options)
    {
        (_tokenizer, _options) = (tokenizer, options);
        _usage = new CodebookUsage(Grid.StageCount, tokenizer.Config.CodebookSize);
        _qualities = [.. Enumerable.Range(0, Grid.StageCount).Select(_ => new List<PictureQuality>())];
        if (options.Network is { } network)
        {
            var needs = new FeatureNeeds(Pooled: true, Spatial: network.SpatialFeatureSize > 0);
            (_originals, _reconstructions) = (new FeatureExtraction(network, needs, count), new FeatureExtraction(network, needs, count));
        }
    }

    private LatentGrid Grid => _tokenizer.Config.Grid;

    /// <summary>Measures.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="pictures">Squares of the tokenizer's size.</param>
    /// <param name="count">How many they are, at least 2.</param>
    /// <param name="options">What to measure, and how.</param>
    /// <param name="progress">Hears how many pictures are done.</param>
    /// <param name="cancellation">Looked at between batches.</param>
    /// <exception cref="NvgDataException">A picture is unusable, or there are too few.</exception>
    public static TokenizerReport Run(
        Tokenizer tokenizer, IEnumerable<SquareEntry> pictures, int count, TokenizerEvaluationOptions options, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        long start = Stopwatch.GetTimestamp();
        if (count < 2)
            throw new NvgDataException($"{count} pictures are too few to measure a tokenizer");
        using var evaluation = new TokenizerEvaluation(tokenizer, count, options);
        // Read one by one before they are gathered: a packed data set is open only while it is enumerated.
        foreach ((string Name, RgbImage Picture)[] batch in pictures.Select(evaluation.Read).Chunk(options.Batch))
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

    private (string Name, RgbImage Picture) Read(SquareEntry entry)
    {
        RgbImage picture = entry.Read();
        if (entry.Header?.Invoke() is { } header)
        {
            _resized += header.Width != picture.Width || header.Height != picture.Height ? 1 : 0;
            _grey += header.IsGrey ? 1 : 0;
        }

        return (entry.Name, picture);
    }

    private int Done => _qualities[^1].Count;

    private void Add((string Name, RgbImage Picture)[] entries)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        RgbImage[] originals = Array.ConvertAll(entries, e => e.Picture);
        Tensor images_BCHW = PictureBatch.Load(originals, _tokenizer.Quantizer.Codebook.Device);
        using GranularitySequence sequence = _tokenizer.Encode(images_BCHW);
        _usage.Add(sequence);
        Tensor canvases = _tokenizer.Quantizer.Canvases(sequence);
        RgbImage[] pictures = [];
        for (int i = _options.Stages ? 0 : Grid.LastStage; i < Grid.StageCount; i++)
        {
            pictures = Decode(canvases, i + 1);
            _qualities[i].AddRange(Measure(pictures, originals, images_BCHW));
        }

        _originals?.Add(originals);
        _reconstructions?.Add(pictures);
        int first = Done - entries.Length;
        for (int b = 0; b < entries.Length; b++)
            Rank(new RankedPicture(entries[b].Name, _qualities[^1][first + b], originals[b], pictures[b]));
    }

    private RgbImage[] Decode(Tensor canvases, int index)
    {
        using var scope = new TensorScope();
        return PictureBatch.ToPictures(_tokenizer.Decode(canvases.Select(1, index)));
    }

    private PictureQuality[] Measure(RgbImage[] pictures, RgbImage[] originals, Tensor originals_BCHW)
    {
        using var scope = new TensorScope();
        float[]? lpips = _options.Perceptual?.Forward(PictureBatch.Load(pictures, originals_BCHW.Device), originals_BCHW).ToArray<float>();
        return [.. pictures.Select((picture, b) => new PictureQuality(
            ImageQuality.Psnr(picture, originals[b]), ImageQuality.Ssim(picture, originals[b]), ImageQuality.MeanAbsoluteError(picture, originals[b]), lpips?[b]))];
    }

    private void Rank(RankedPicture picture)
    {
        Insert(_best, picture, Loss);
        Insert(_worst, picture, p => -Loss(p));
    }

    private void Insert(List<RankedPicture> list, RankedPicture picture, Func<RankedPicture, double> order)
    {
        int place = list.FindIndex(p => order(p) > order(picture));
        list.Insert(place < 0 ? list.Count : place, picture);
        if (list.Count > _options.Ranked)
            list.RemoveAt(list.Count - 1);
    }

    private static double Loss(RankedPicture picture) => picture.Quality.Lpips ?? -picture.Quality.Psnr;

    private TokenizerReport Report(long start, CancellationToken cancellation)
    {
        double bits = Math.Log2(_usage.CodebookSize);
        return new TokenizerReport
        {
            Count = Done,
            Resized = _resized,
            Grey = _grey,
            Quality = PictureQuality.Mean(_qualities[^1]),
            PerceptualName = _options.Perceptual?.Name,
            Network = _options.Network is { } network ? $"{network.Name}; resize {network.Preprocessing}" : null,
            Distances = [.. Distances(cancellation)],
            CodebookSize = _usage.CodebookSize,
            CodebookUsage = _usage.Usage(),
            Perplexity = _usage.Perplexity(),
            Stages = [.. _qualities.Select((q, i) => new StageQuality(
                i, LatentGrid.TokenCount(i), LatentGrid.TokenCount(i) * bits, _usage.Usage(i), _usage.Perplexity(i), q.Count > 0 ? PictureQuality.Mean(q) : null))],
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
        yield return new MetricValue(
            "frechetDistance", MetricNames.OfReconstructions(MetricNames.FrechetDistance(network, Done, Done)), FrechetDistance.Between(originals.Pooled!, reconstructions.Pooled!, cancellation).Value, null, true);
        if (originals.Spatial is { } spatial)
        {
            yield return new MetricValue(
                "spatialFrechetDistance", MetricNames.OfReconstructions(MetricNames.SpatialFrechetDistance(network, Done, Done)), FrechetDistance.Between(spatial, reconstructions.Spatial!, cancellation).Value, null, true);
        }
    }

    private IEnumerable<string> Notes()
    {
        int side = _tokenizer.Config.ImageSize;
        if (_resized > 0)
            yield return $"{_resized:N0} of the pictures were not {side} × {side}: they were resized by their shorter side, and their middle squares measured";
        if (_grey > 0)
            yield return $"{_grey:N0} of the pictures were grey: three equal channels were measured";
        if (_options.Network is { } network && Done <= network.FeatureSize)
            yield return $"{Done:N0} pictures for {network.FeatureSize:N0} features: the Fréchet distance compares only with figures of as many pictures";
        if (Done < _usage.CodebookSize)
            yield return $"{Done:N0} pictures and {_usage.CodebookSize:N0} codes: the first stage cannot use more than one code a picture";
    }
}
