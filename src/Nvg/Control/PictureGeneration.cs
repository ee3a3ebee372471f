using Nvg.Checkpoints;
using Nvg.Data;
using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Control;

/// <summary>From requests to pictures, batch by batch.</summary>
public static class PictureGeneration
{
    /// <summary>Generates; each picture comes when its batch is done.</summary>
    /// <param name="model">Borrowed until the last picture.</param>
    /// <param name="request">The pictures.</param>
    /// <param name="progress">Told after every stage, or null.</param>
    /// <param name="cancellation">Looked at before every pass of a network.</param>
    /// <exception cref="ArgumentException">Settings, classes or fixed stages do not suit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; pictures that came before stay valid.</exception>
    public static IEnumerable<GeneratedPicture> Run(
        NvgModel model, GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(request.BatchSize, 1);
        int done = 0, count = request.Pictures.Count, stages = model.Generator.Config.Grid.StageCount;
        foreach (RequestedPicture[] batch in request.Pictures.Chunk(request.BatchSize))
        {
            void Observe(StageResult stage) =>
                progress?.Report(new GenerationProgress(done, count, (done + batch.Length * (stage.Stage + 1.0) / stages) / count));
            GeneratedPicture[] pictures = Generate(model, request, batch, Observe, cancellation);
            done += batch.Length;
            foreach (GeneratedPicture picture in pictures)
                yield return picture;
            progress?.Report(new GenerationProgress(done, count, (double)done / count));
        }
    }

    private static GeneratedPicture[] Generate(
        NvgModel model, GenerationRequest request, RequestedPicture[] batch, Action<StageResult> observer, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        (GranularitySequence sequence, Tensor images) = model.Generate(
            Array.ConvertAll(batch, p => p.Class), Array.ConvertAll(batch, p => p.Seed), request.Options, request.Fixed?.For(batch.Length), observer, cancellation);
        using (sequence)
        using (images)
        {
            RgbImage[] pictures = PictureBatch.ToPictures(images);
            IReadOnlyList<StagePicture>[]? stages = request.WithStages ? StagePictures.Draw(model.Tokenizer, sequence) : null;
            return [.. batch.Select((p, i) => new GeneratedPicture(p, pictures[i], stages?[i] ?? []))];
        }
    }
}
