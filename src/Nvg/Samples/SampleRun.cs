using Nvg.Checkpoints;
using Nvg.Control;

namespace Nvg.Samples;

/// <summary>Draws what is missing of a sample file.</summary>
public static class SampleRun
{
    /// <summary>Draws picture after picture and ends the file with the last.</summary>
    /// <param name="model">The model that the settings name; borrowed.</param>
    /// <param name="settings">The settings that the file was opened with.</param>
    /// <param name="file">Receives the pictures; borrowed.</param>
    /// <param name="progress">Told how many of the missing pictures are done, or null.</param>
    /// <param name="cancellation">Looked at before every pass of a network.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; the file can be taken up again.</exception>
    /// <exception cref="IOException">The disk is full or cannot be written; the file can be taken up again.</exception>
    public static void Run(
        NvgModel model, SampleSettings settings, SampleFile file, IProgress<GenerationProgress>? progress = null, CancellationToken cancellation = default)
    {
        var request = new GenerationRequest
        {
            Pictures = [.. Enumerable.Range(settings.First + file.Done, settings.Count - file.Done).Select(settings.Picture)],
            Options = settings.Sampling,
            BatchSize = settings.Batch,
        };
        // A file is taken up between two batches, so these are the batches of a run without a break.
        foreach (GeneratedPicture[] batch in PictureGeneration.Run(model, request, progress, cancellation: cancellation).Chunk(settings.Batch))
            file.Append(Array.ConvertAll(batch, picture => picture.Picture));
        file.Complete();
    }
}
