namespace Nvg.Cli.Output;

/// <summary>Where generated images go. What was not completed leaves only whole files.</summary>
internal interface IImageOutput : IDisposable
{
    /// <summary>The files that an image alone will be written to.</summary>
    IEnumerable<string> Files(ImageRequest image);

    /// <summary>Takes the next image.</summary>
    /// <returns>The file it was written to, or null where images share one.</returns>
    string? Add(GeneratedImage image);

    /// <summary>Ends the output after the last image.</summary>
    /// <returns>Files that the images share.</returns>
    IReadOnlyList<string> Complete();
}
