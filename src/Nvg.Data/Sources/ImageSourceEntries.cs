using Nvg.Data.Files;
using Nvg.Imaging;

namespace Nvg.Data.Sources;

/// <summary>Entries of files whose content is at hand.</summary>
internal static class ImageSourceEntries
{
    /// <summary>The entry of a file: an image to decode, or why it is none.</summary>
    /// <param name="name">Its path.</param>
    /// <param name="kind">What it is.</param>
    /// <param name="content">Its bytes.</param>
    /// <param name="label">Its class; null for its first folder.</param>
    internal static ImageEntry Of(string name, FileKind kind, byte[] content, string? label = null) =>
        // The decoder says best what is wrong with a file that claims to be an image.
        kind.NotAnImage is { } reason && !(content.Length > 0 && ImageFile.HasImageName(name))
            ? new ImageEntry(name, reason)
            : new ImageEntry(name, label is null ? ImageSource.ClassOf(name) : ImageSource.ClassNamed(label), () => content)
            {
                IsLabelled = label is not null,
            };
}
