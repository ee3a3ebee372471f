using Nvg.Methods;

namespace Nvg.Evaluation.SampleSets;

/// <summary>Draws the missing images of a sample file.</summary>
public static class SampleRun
{
    /// <summary>Draws the missing images and completes the file.</summary>
    /// <param name="model">The model that the settings name; borrowed.</param>
    /// <param name="settings">The settings that the file was opened with.</param>
    /// <param name="file">Receives the images; borrowed.</param>
    /// <param name="progress">Receives the number of missing images done, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="OperationCanceledException">Cancelled; the file can be resumed.</exception>
    /// <exception cref="IOException">The disk is full or cannot be written; the file can be resumed.</exception>
    public static void Run(
        IImageModel model, SampleSettings settings, SampleFile file, IProgress<GenerationProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        var request = new DrawRequest
        {
            Images = [.. Enumerable.Range(settings.First + file.Done, settings.Count - file.Done).Select(settings.Image)],
            Settings = settings.Sampling,
            BatchSize = settings.Batch,
        };
        // Files are resumed between batches, so the batches are the same as in an uninterrupted run.
        foreach (IGeneratedImage[] batch in model.Draw(request, progress, cancellation).Chunk(settings.Batch))
            file.Append(Array.ConvertAll(batch, image => image.Image));
        file.Complete();
    }
}
