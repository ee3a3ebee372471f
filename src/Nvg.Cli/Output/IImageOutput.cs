using Nvg.Methods;

namespace Nvg.Cli.Output;

/// <summary>Receives generated images. An incomplete output leaves only complete files.</summary>
internal interface IImageOutput : IDisposable
{
    /// <summary>The files that will hold only this image.</summary>
    IEnumerable<string> Files(ImageName image);

    /// <summary>Adds the next image.</summary>
    /// <returns>The file it was written to, or null if images share a file.</returns>
    string? Add(IGeneratedImage image);

    /// <summary>Completes the output after the last image.</summary>
    /// <returns>Files shared by the images.</returns>
    IReadOnlyList<string> Complete();
}
