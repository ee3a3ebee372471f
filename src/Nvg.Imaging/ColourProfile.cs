using NetVips;

namespace Nvg.Imaging;

/// <summary>The ICC profile embedded in an image file.</summary>
internal static class ColourProfile
{
    /// <summary>libvips' name for its own sRGB profile.</summary>
    internal const string Srgb = "srgb";

    private const string Field = "icc-profile-data";
    // Offsets in an ICC header: the colour space of the image data, and the signature that every profile has.
    private const int HeaderLength = 128, SpacePlace = 16, SignaturePlace = 36;

    /// <summary>
    /// Whether there is an embedded profile that fits the image. A damaged profile, or one for a different colour space, is ignored. Only
    /// headers are read.
    /// </summary>
    internal static bool IsUsable(Image image)
    {
        // libvips would replace a profile that does not fit with its own.
        if (!image.Contains(Field) || image.Get(Field) is not byte[] profile || !Fits(profile, image.Interpretation))
            return false;
        try
        {
            using Image converted = ToSrgb(image);
            return true;
        }
        catch (VipsException)
        {
            return false;
        }
    }

    /// <summary>Converts to 8-bit sRGB, relative colorimetric; transparency is kept.</summary>
    internal static Image ToSrgb(Image image) => image.IccTransform(Srgb, embedded: true, intent: Enums.Intent.Relative, depth: 8);

    private static bool Fits(ReadOnlySpan<byte> profile, Enums.Interpretation interpretation)
    {
        if (profile.Length < HeaderLength || !profile[SignaturePlace..].StartsWith("acsp"u8))
            return false;
        ReadOnlySpan<byte> space = interpretation switch
        {
            Enums.Interpretation.Bw or Enums.Interpretation.Grey16 => "GRAY"u8,
            Enums.Interpretation.Srgb or Enums.Interpretation.Rgb or Enums.Interpretation.Rgb16 => "RGB "u8,
            Enums.Interpretation.Cmyk => "CMYK"u8,
            Enums.Interpretation.Lab => "Lab "u8,
            _ => [],
        };
        return !space.IsEmpty && profile[SpacePlace..].StartsWith(space);
    }
}
