using Nvg.Data.Files;
using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Cli.Arguments;

/// <summary>Recognises files that are not what their name says, so that a refusal tells what they are.</summary>
internal static class InputFile
{
    /// <summary>Throws if a file is a Git LFS pointer, a web page or empty. Folders and missing files pass, and so do pipes,
    /// which can be read only once.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is one of these.</exception>
    internal static void RequireContent(string path)
    {
        if (ContentOf(path) is { Problem: { } problem } content)
            throw NvgDataException.At(path, problem, content.Remedy);
    }

    /// <summary>Throws if a file cannot be an image that is read: as above, or in a format that is not read for safety.</summary>
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
