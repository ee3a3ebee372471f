using Nvg.Data.Files;
using Nvg.Imaging;

namespace Nvg.Data.Sources;

/// <summary>Creates entries of files whose content is in memory.</summary>
internal static class ImageSourceEntries
{
    /// <summary>Creates the entry of a file: an image to decode, or the reason why it is not an image.</summary>
    /// <param name="name">Path of the file.</param>
    /// <param name="kind">Kind of the file.</param>
    /// <param name="content">Bytes of the file.</param>
    /// <param name="label">Class of the image; null to use its first folder.</param>
    internal static ImageEntry Of(string name, FileKind kind, byte[] content, string? label = null) =>
        // The decoder gives the best error message for a file that claims to be an image.
        kind.NotAnImage is { } reason && !(content.Length > 0 && ImageFile.HasImageName(name))
            ? new ImageEntry(name, reason)
            : new ImageEntry(name, label is null ? ImageSource.ClassOf(name) : ImageSource.ClassNamed(label), () => content)
            {
                IsLabelled = label is not null,
            };
}
