using Nvg.Control;

namespace Nvg.Cli.Output;

/// <summary>Where generated pictures go. What was not completed leaves only whole files.</summary>
internal interface IPictureOutput : IDisposable
{
    /// <summary>The files that a picture alone will be written to.</summary>
    IEnumerable<string> Files(RequestedPicture picture);

    /// <summary>Takes the next picture.</summary>
    /// <returns>The file it was written to, or null where pictures share one.</returns>
    string? Add(GeneratedPicture picture);

    /// <summary>Ends the output after the last picture.</summary>
    /// <returns>Files that the pictures share.</returns>
    IReadOnlyList<string> Complete();
}
