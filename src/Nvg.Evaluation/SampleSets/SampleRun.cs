namespace Nvg.Evaluation.SampleSets;

/// <summary>Draws what is missing of a sample file.</summary>
public static class SampleRun
{
    /// <summary>Draws image after image and ends the file with the last.</summary>
    /// <param name="model">The model that the settings name; borrowed.</param>
    /// <param name="settings">The settings that the file was opened with.</param>
    /// <param name="file">Receives the images; borrowed.</param>
    /// <param name="progress">Told how many of the missing images are done, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="OperationCanceledException">It was cancelled; the file can be taken up again.</exception>
    /// <exception cref="IOException">The disk is full or cannot be written; the file can be taken up again.</exception>
    public static void Run(
        NvgModel model, SampleSettings settings, SampleFile file, IProgress<GenerationProgress>? progress = null, CancellationToken cancellation = default)
    {
        var request = new GenerationRequest
        {
            Images = [.. Enumerable.Range(settings.First + file.Done, settings.Count - file.Done).Select(settings.Image)],
            Options = settings.Sampling,
            BatchSize = settings.Batch,
        };
        // A file is taken up between two batches, so these are the batches of a run without a break.
        foreach (GeneratedImage[] batch in model.Generate(request, progress, cancellation).Chunk(settings.Batch))
            file.Append(Array.ConvertAll(batch, image => image.Image));
        file.Complete();
    }
}
