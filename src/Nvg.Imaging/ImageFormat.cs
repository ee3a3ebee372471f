namespace Nvg.Imaging;

/// <summary>Formats for writing images.</summary>
public enum ImageFormat
{
    /// <summary>PNG, 8-bit RGB, lossless.</summary>
    Png,

    /// <summary>JPEG with quality 95 and full chroma, because subsampling would blur images of 32 × 32 pixels.</summary>
    Jpeg,

    /// <summary>WebP, lossless.</summary>
    WebP,

    /// <summary>GIF, at most 256 colours per frame.</summary>
    Gif,
}
