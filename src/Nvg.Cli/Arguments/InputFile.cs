using Nvg.Data.Files;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Cli.Arguments;

/// <summary>Recognises files whose content does not match their name, so that the error message can say what they are.</summary>
internal static class InputFile
{
    /// <summary>
    /// Throws if a file is a Git LFS pointer, a web page or empty. Folders, missing files and pipes, which can be read only once,
    /// are accepted.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is one of these.</exception>
    internal static void RequireContent(string path)
    {
        if (ContentOf(path) is { Problem: { } problem } content)
            throw NvgDataException.At(path, problem, content.Remedy);
    }

    /// <summary>Throws if a file cannot be read as an image: for the reasons above, or because its format is rejected for safety.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is one of these.</exception>
    internal static void RequireImage(string path)
    {
        RequireContent(path);
        if (ContentOf(path) is { } content)
            ImageFile.RequireReadFormat(content, path);
    }

    /// <summary>Whether a file can be opened several times; a pipe cannot.</summary>
    internal static bool CanBeReadAgain(string path) => FolderListing.Obstacle(path) is null;

    private static FileContent? ContentOf(string path) => CanBeReadAgain(path) ? FileContent.OfFile(path) : null;
}
