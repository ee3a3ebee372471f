using Nvg.Torch.Files;

namespace Nvg.Data.Files;

/// <summary>The kind of a file as a source of images, detected from its first bytes.</summary>
/// <param name="Role">How the file can be used.</param>
/// <param name="Description">The kind in words, for messages: <c>a JPEG image</c>.</param>
internal readonly record struct FileKind(FileRole Role, string Description)
{
    /// <summary>Maximum number of bytes from the start of a file that <see cref="Of"/> needs.</summary>
    internal const int HeadLength = FileContent.HeadLength;

    private const string Empty = "empty";

    /// <summary>Why a file of this kind is not an image, or null if it is one.</summary>
    internal string? NotAnImage =>
        Role switch
        {
            FileRole.Image => null,
            FileRole.UnreadImage => $"is {Description}",
            FileRole.Tar or FileRole.Zip or FileRole.Parquet =>
                $"is not a readable image: {Description}, which is not read here; unpack it",
            _ => Description == Empty ? "is empty" : $"is not a readable image: {Description}",
        };

    /// <summary>Why a file of this kind is not a source of images.</summary>
    internal string NotASource => Description == Empty ? "is empty" : $"is not a readable archive: {Description}";

    /// <summary>Detects the kind of a file.</summary>
    /// <param name="content">At least its first <see cref="HeadLength"/> bytes, or all of a shorter file.</param>
    internal static FileKind Of(ReadOnlySpan<byte> content)
    {
        FileContent found = FileContent.Of(content);
        // The oldest tar archives have no magic number, only a checksum.
        bool isOldTar = found.Kind is FileContentKind.Other or FileContentKind.UnreadImage
            && TarHeader.IsHeader(content[..Math.Min(content.Length, HeadLength)]);
        return isOldTar ? new FileKind(FileRole.Tar, "a tar archive") : new FileKind(RoleOf(found.Kind), Describe(found));
    }

    private static FileRole RoleOf(FileContentKind kind) => kind switch
    {
        FileContentKind.Image => FileRole.Image,
        FileContentKind.Tar => FileRole.Tar,
        FileContentKind.Gzip => FileRole.Gzip,
        FileContentKind.Zip => FileRole.Zip,
        FileContentKind.Parquet => FileRole.Parquet,
        FileContentKind.UnreadImage => FileRole.UnreadImage,
        _ => FileRole.Other,
    };

    private static string Describe(FileContent found) => found.Kind switch
    {
        FileContentKind.UnreadImage => $"an image in {found.Description} format, which is not supported for security reasons",
        FileContentKind.Pickle => "a Python pickle (only the archives of CIFAR are read)",
        _ => found.Description,
    };
}
