using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg;

/// <summary>From requests to images, batch by batch.</summary>
public static class ImageGeneration
{
    /// <summary>Generates; each image comes when its batch is done, in the order of the request.</summary>
    /// <param name="model">Borrowed until the last image.</param>
    /// <param name="request">The images. Those that follow one another and have the same settings are computed together, whatever else differs.</param>
    /// <param name="progress">Told after every stage, or null.</param>
    /// <param name="observer">Sees every stage of every batch as it is done, or null; the tensors live until it returns. Where batches are filled up, they go on with the copies.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="ArgumentException">Settings, classes or what is given do not suit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; images that came before stay valid.</exception>
    public static IEnumerable<GeneratedImage> Run(
        NvgModel model, GenerationRequest request, IProgress<GenerationProgress>? progress = null,
        Action<IReadOnlyList<ImageRequest>, StageResult>? observer = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(request.BatchSize, 1);
        int done = 0, count = request.Images.Count, stages = model.Generator.Config.Grid.StageCount;
        foreach (ImageRequest[] batch in Batches(request, model))
        {
            void Observe(StageResult stage)
            {
                observer?.Invoke(batch, stage);
                progress?.Report(new GenerationProgress(done, count, (done + batch.Length * (stage.Stage + 1.0) / stages) / count));
            }

            GeneratedImage[] images = Generate(model, request, batch, Observe, cancellation);
            done += batch.Length;
            foreach (GeneratedImage image in images)
                yield return image;
            progress?.Report(new GenerationProgress(done, count, (double)done / count));
        }
    }

    private static IEnumerable<ImageRequest[]> Batches(GenerationRequest request, NvgModel model)
    {
        var batch = new List<ImageRequest>();
        foreach (ImageRequest image in request.Images)
        {
            if (batch.Count == request.BatchSize || (batch.Count > 0 && !ReferenceEquals(batch[0].Options, image.Options) && request.SettingsOf(batch[0], model) != request.SettingsOf(image, model)))
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
        NvgModel model, GenerationRequest request, ImageRequest[] batch, Action<StageResult> observer, CancellationToken cancellation)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        LatentGrid grid = model.Generator.Config.Grid;
        CheckSurroundings(model, batch);
        ImageRequest[] computed = request.FillsBatches ? [.. batch, .. Enumerable.Repeat(batch[^1], request.BatchSize - batch.Length)] : batch;
        SamplingOptions options = request.OptionsOf(batch[0], model);
        using ImageNoise noise = ImageNoise.Between(
            Array.ConvertAll(computed, p => p.Seed), Array.ConvertAll(computed, p => p.NoiseTowards), grid, model.Generator.Device);
        GivenStages? given = Array.Exists(computed, p => p.Given is { IsEmpty: false })
            ? new GivenStages { Sequences = Array.ConvertAll(computed, p => p.Given ?? PartialSequence.Empty(grid)) }
            : null;
        (GranularitySequence sequence, Tensor canvas_BLC) = new NvgSampler(model.Generator, model.Tokenizer.Quantizer)
            .Sample(Array.ConvertAll(computed, p => p.StartClass), noise, options, given, observer, Blend(model, computed), cancellation);
        using (sequence)
        using (canvas_BLC)
        {
            cancellation.ThrowIfCancellationRequested();
            KeptSurroundings?[] surroundings = Array.ConvertAll(computed, p => p.Surroundings);
            RgbImage[] images = StageImages.Blended(ImageTensor.ToImages(model.Tokenizer.Decode(canvas_BLC)), surroundings);
            IReadOnlyList<StageImage>[]? stages = request.WithStages ? StageImages.Draw(model.Tokenizer, sequence, surroundings, cancellation) : null;
            PartialSequence[] sequences = PartialSequence.FromBatch(sequence);
            return [.. batch.Select((p, i) => new GeneratedImage(p, images[i], sequences[i], options, computed.Length, stages?[i] ?? []))];
        }
    }

    // Before the work, not after it.
    private static void CheckSurroundings(NvgModel model, ImageRequest[] batch)
    {
        (LatentGrid grid, int side) = (model.Generator.Config.Grid, model.Config.Tokenizer.ImageSize);
        foreach (KeptSurroundings kept in batch.Select(p => p.Surroundings).OfType<KeptSurroundings>())
        {
            if (kept.Region.Grid != grid)
                throw new ArgumentException($"a region of {kept.Region.Grid} positions was given, the model has {grid}");
            if ((kept.Image.Width, kept.Image.Height) != (side, side))
                throw new ArgumentException($"surroundings of {kept.Image.Width} × {kept.Image.Height} were given, the model's images are {side} × {side}");
        }
    }

    private static ClassBlend? Blend(NvgModel model, ImageRequest[] batch)
    {
        if (!Array.Exists(batch, p => p.ClassShare > 0))
            return null;
        if (Array.Find(batch, p => p.EndClass < 0 || p.EndClass > model.Generator.Config.NullClass) is { } wrong)
            throw new ArgumentException($"classes must lie in 0…{model.Generator.Config.NullClass}, not {wrong.EndClass}");
        Device device = model.Generator.Device;
        return new ClassBlend(
            Tensor.From(Array.ConvertAll(batch, p => (long)p.EndClass), batch.Length).To(device),
            Tensor.From(Array.ConvertAll(batch, p => (float)p.ClassShare), batch.Length).To(device));
    }
}
