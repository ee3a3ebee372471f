namespace Nvg.Torch.Files;

/// <summary>Kinds of content that messages and readers distinguish.</summary>
internal enum FileContentKind
{
    /// <summary>An image in a supported format.</summary>
    Image,

    /// <summary>An image in an unsupported format, because its decoder is not safe for untrusted files.</summary>
    UnreadImage,

    /// <summary>A tar archive.</summary>
    Tar,

    /// <summary>Gzip-compressed data.</summary>
    Gzip,

    /// <summary>A zip archive, including .npz and PyTorch files.</summary>
    Zip,

    /// <summary>A Parquet table.</summary>
    Parquet,

    /// <summary>A Python pickle.</summary>
    Pickle,

    /// <summary>The pointer that Git LFS leaves in place of a file.</summary>
    Pointer,

    /// <summary>A web page in place of a file.</summary>
    WebPage,

    /// <summary>No bytes at all.</summary>
    Empty,

    /// <summary>Anything else.</summary>
    Other,
}
