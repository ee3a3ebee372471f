using Nvg.Imaging;
using Nvg.Torch.Files;

namespace Nvg.Cli.Arguments;

/// <summary>Recognises files that are not what their name says, so that a refusal tells what they are.</summary>
internal static class InputFile
{
    /// <summary>Throws if a file is a Git LFS pointer, a web page or empty. Folders and missing files pass.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is one of these.</exception>
    internal static void RequireContent(string path)
    {
        if (FileContent.OfFile(path) is { Problem: { } problem } content)
            throw NvgDataException.At(path, problem, content.Remedy);
    }

    /// <summary>Throws if a file cannot be an image that is read: as above, or in a format that is not read for safety.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="NvgDataException">The file is one of these.</exception>
    internal static void RequireImage(string path)
    {
        RequireContent(path);
        if (FileContent.OfFile(path) is { } content)
            ImageFile.RequireReadFormat(content, path);
    }
}
