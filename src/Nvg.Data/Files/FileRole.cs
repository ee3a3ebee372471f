namespace Nvg.Data.Files;

/// <summary>How a file can be used as a source of images.</summary>
internal enum FileRole
{
    /// <summary>An image in a supported format.</summary>
    Image,

    /// <summary>A tar archive.</summary>
    Tar,

    /// <summary>Gzip-compressed data.</summary>
    Gzip,

    /// <summary>A zip archive, which may be an .npz.</summary>
    Zip,

    /// <summary>A Parquet table.</summary>
    Parquet,

    /// <summary>An image in a format that is not supported for security reasons.</summary>
    UnreadImage,

    /// <summary>Anything else, which is also not supported.</summary>
    Other,
}
