using System.Runtime.InteropServices;

namespace Nvg.Imaging.Interop;

/// <summary>One reference to an image of libvips: a recipe whose pixels are computed when they are asked for.</summary>
internal sealed unsafe class VipsImage : SafeHandle
{
    private const int UnsignedChar = 0;

    public VipsImage()
        : base(0, ownsHandle: true)
    {
    }

    /// <summary>Takes over one reference.</summary>
    internal VipsImage(nint reference)
        : this() => SetHandle(reference);

    public override bool IsInvalid => handle == 0;

    internal int Width => Vips.ImageWidth(this);

    internal int Height => Vips.ImageHeight(this);

    internal int Bands => Vips.ImageBands(this);

    internal int Orientation => Vips.ImageOrientation(this);

    /// <summary>An sRGB image over <paramref name="pixels"/>, which must outlive it.</summary>
    internal static VipsImage OverPixels(byte* pixels, int width, int height)
    {
        nuint length = (nuint)width * (nuint)height * RgbImage.Channels;
        using VipsImage bare = Vips.ImageFromMemory(pixels, length, width, height, RgbImage.Channels, UnsignedChar);
        if (bare.IsInvalid)
            throw new VipsException("new_from_memory");
        using var copy = VipsOperation.New("copy");
        return copy.Set("in", bare).Set("interpretation", "srgb").Run();
    }

    /// <summary>Computes the pixels of an image of three 8-bit bands.</summary>
    internal RgbImage ToImage()
    {
        byte* pixels = Vips.ImageToMemory(this, out nuint length);
        if (pixels == null)
            throw new VipsException("write_to_memory");
        try
        {
            return new RgbImage(Width, Height, new ReadOnlySpan<byte>(pixels, checked((int)length)).ToArray());
        }
        finally
        {
            Vips.Free(pixels);
        }
    }

    protected override bool ReleaseHandle()
    {
        Vips.Unref(handle);
        return true;
    }
}
