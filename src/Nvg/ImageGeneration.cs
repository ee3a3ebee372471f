using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg;

/// <summary>Generates the images of a request batch by batch. All ways to generate images use this class.</summary>
internal static class ImageGeneration
{
    /// <summary>Generates images. They are returned in the order of the request, each when its batch is finished.</summary>
    /// <param name="model">Borrowed until the last image is returned.</param>
    /// <param name="request">
    /// The images. Consecutive images with equal settings are computed together, even if they differ in other respects.
    /// </param>
    /// <param name="progress">Receives a report after every stage, or null.</param>
    /// <param name="observer">
    /// Called after every stage of every batch, or null. The tensors live until it returns; in a padded batch, they include the copies.
    /// </param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="ArgumentException">Settings, classes or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; images returned earlier stay valid.</exception>
    internal static IEnumerable<GeneratedImage> Run(
        NvgModel model, GenerationRequest request, IProgress<GenerationProgress>? progress = null,
        Action<IReadOnlyList<ImageRequest>, StageResult>? observer = null, CancellationToken cancellation = default)
    {
        int batchSize = request.BatchSize ?? GenerationRequest.DefaultBatchSize(model.Device.Type);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1, nameof(request));
        int done = 0, count = request.Images.Count, stages = model.Grid.StageCount;
        foreach (ImageRequest[] batch in Batches(request, batchSize, model))
        {
            void Observe(StageResult stage)
            {
                observer?.Invoke(batch, stage);
                progress?.Report(new GenerationProgress(done, count, (done + batch.Length * (stage.Stage + 1.0) / stages) / count));
            }

            GeneratedImage[] images = Generate(model, request, batch, batchSize, Observe, cancellation);
            done += batch.Length;
            foreach (GeneratedImage image in images)
                yield return image;
            progress?.Report(new GenerationProgress(done, count, (double)done / count));
        }
    }

    private static IEnumerable<ImageRequest[]> Batches(GenerationRequest request, int batchSize, NvgModel model)
    {
        bool CanShare(ImageRequest first, ImageRequest second) => ReferenceEquals(first.Options, second.Options)
            || request.SettingsOf(first, model) == request.SettingsOf(second, model);
        var batch = new List<ImageRequest>();
        foreach (ImageRequest image in request.Images)
        {
            if (batch.Count == batchSize || (batch.Count > 0 && !CanShare(batch[0], image)))
            {
                yield return [.. batch];
                batch.Clear();
            }

            batch.Add(image);
        }

        if (batch.Count > 0)
            yield return [.. batch];
    }

    private static GeneratedImage[] Generate(
        NvgModel model, GenerationRequest request, ImageRequest[] batch, int batchSize, Action<StageResult> observer,
        CancellationToken cancellation)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        CheckSurroundings(model, batch);
        ImageRequest[] computed = request.FillsBatches ? [.. batch, .. Enumerable.Repeat(batch[^1], batchSize - batch.Length)] : batch;
        SamplingOptions options = request.OptionsOf(batch[0], model);
        using SampledBatch sampled = model.Sample(computed, options, observer, cancellation);
        cancellation.ThrowIfCancellationRequested();
        KeptSurroundings?[] surroundings = Array.ConvertAll(computed, p => p.Surroundings);
        using Tensor decoded = model.Tokenizer.Decode(sampled.Canvas_BLC, row => $"the image of seed {computed[row].Seed}");
        RgbImage[] images = StageImages.WithSurroundings(ImageTensor.ToImages(decoded), surroundings);
        IReadOnlyList<StageImage>[]? stages = request.WithStages
            ? StageImages.Draw(model.Tokenizer, sampled.Sequence, surroundings, cancellation)
            : null;
        PartialSequence[] sequences = PartialSequence.FromBatch(sampled.Sequence);
        return [.. batch.Select((p, i) => new GeneratedImage
        {
            Request = p,
            Class = model.NumberOf(p.Class),
            Label = model.LabelOf(model.NumberOf(p.Class)),
            Image = images[i],
            Sequence = sequences[i],
            Options = options,
            Batch = computed.Length,
            Stages = stages?[i] ?? [],
        })];
    }

    // Fails before the work starts, not after it.
    private static void CheckSurroundings(NvgModel model, ImageRequest[] batch)
    {
        (LatentGrid grid, int side) = (model.Grid, model.Config.Tokenizer.ImageSize);
        foreach (KeptSurroundings kept in batch.Select(p => p.Surroundings).OfType<KeptSurroundings>())
        {
            if (kept.Region.Grid != grid)
                throw new ArgumentException($"a region of {kept.Region.Grid} positions was given, the model has {grid}");
            if ((kept.Image.Width, kept.Image.Height) != (side, side))
            {
                throw new ArgumentException(
                    $"surroundings of {kept.Image.Width} × {kept.Image.Height} were given, the model's images are {side} × {side}");
            }
        }
    }
}
