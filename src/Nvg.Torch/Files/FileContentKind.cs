namespace Nvg.Torch.Files;

/// <summary>Kinds of content that messages and readers tell apart.</summary>
internal enum FileContentKind
{
    /// <summary>An image in a format that is read.</summary>
    Image,

    /// <summary>An image in a format that is not read, because its decoder is not made for files of strangers.</summary>
    UnreadImage,

    /// <summary>A tar archive.</summary>
    Tar,

    /// <summary>Something compressed with gzip.</summary>
    Gzip,

    /// <summary>A zip archive; .npz files and PyTorch files are some.</summary>
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
