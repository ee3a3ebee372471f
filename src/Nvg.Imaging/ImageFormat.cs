namespace Nvg.Imaging;

/// <summary>The formats in which images are written.</summary>
public enum ImageFormat
{
    /// <summary>PNG, 8-bit RGB, lossless.</summary>
    Png,

    /// <summary>JPEG of quality 95 with full chroma: subsampling would smear images of 32 × 32.</summary>
    Jpeg,

    /// <summary>WebP, lossless.</summary>
    WebP,

    /// <summary>GIF of at most 256 colours a frame.</summary>
    Gif,
}
