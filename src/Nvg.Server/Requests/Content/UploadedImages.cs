using Nvg.Imaging;

namespace Nvg.Server.Requests.Content;

/// <summary>
/// Decodes uploaded images: only PNG, JPEG and WebP, recognised by their first bytes, and only within the size limit, which is
/// checked in the header.
/// </summary>
internal static class UploadedImages
{
    private const long MostRegionPixels = 1 << 22;
    private const string Formats = "give PNG, JPEG or WebP";

    /// <summary>Whether bytes start like one of the accepted formats.</summary>
    internal static bool IsImage(ReadOnlySpan<byte> bytes) =>
        bytes.StartsWith((ReadOnlySpan<byte>)[0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10])
        || bytes.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xD8, 0xFF])
        || (bytes.Length > 12 && bytes.StartsWith("RIFF"u8) && bytes[8..].StartsWith("WEBP"u8));

    /// <summary>Decodes an image at its own size.</summary>
    /// <exception cref="RequestException">The bytes are not a usable image, or the image is too large.</exception>
    internal static RgbImage Decode(byte[] bytes, string field, NvgServerOptions options) =>
        Checked(bytes, field, options.UploadPixels, () => ImageFile.Decode(bytes, field));

    /// <summary>Decodes an image in which every colour is a region. The size limit is lower, because each colour takes memory.</summary>
    /// <exception cref="RequestException">The bytes are not a usable image, or the image is too large.</exception>
    internal static RgbImage DecodeRegions(byte[] bytes, string field, NvgServerOptions options) =>
        Checked(bytes, field, Math.Min(options.UploadPixels, MostRegionPixels), () => ImageFile.Decode(bytes, field));

    /// <summary>Decodes the central square of an image at the model's size.</summary>
    /// <exception cref="RequestException">The bytes are not a usable image, or the image is too large.</exception>
    internal static RgbImage DecodeSquare(byte[] bytes, string field, int side, NvgServerOptions options) =>
        Checked(bytes, field, options.UploadPixels, () => ImageFile.Decode(bytes, field, side).CropCentre(side, side));

    /// <summary>
    /// Decodes the transparency of an image: transparent pixels become white. Returns null if the image has no transparency.
    /// </summary>
    /// <exception cref="RequestException">The bytes are not a usable image, or the image is too large.</exception>
    internal static RgbImage? DecodeTransparency(byte[] bytes, string field, NvgServerOptions options) =>
        Checked(bytes, field, options.UploadPixels, () => ImageFile.DecodeTransparency(bytes, field));

    private static T Checked<T>(byte[] bytes, string field, long mostPixels, Func<T> decode)
    {
        if (!IsImage(bytes))
            throw RequestException.Field400(field, $"'{field}' is not an image that is accepted: {Formats}");
        try
        {
            ImageHeader header = ImageFile.DecodeHeader(bytes, field);
            long pixels = (long)header.Width * header.Height;
            return pixels <= mostPixels
                ? decode()
                : throw RequestException.Field400(
                    field, $"'{field}' has {header.Width} × {header.Height} pixels; at most {mostPixels} are accepted");
        }
        catch (Exception error) when (error is NvgDataException or OverflowException or ArgumentException)
        {
            throw RequestException.Field400(field, $"'{field}' cannot be decoded: {error.Message}", error);
        }
    }
}
