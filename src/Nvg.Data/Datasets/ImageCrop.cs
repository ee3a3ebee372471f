namespace Nvg.Data.Datasets;

/// <summary>Which square of an image is looked at.</summary>
/// <param name="Left">Place of its left edge in the room there is, in [0, 1); negative for the centre.</param>
/// <param name="Top">Likewise of its upper edge.</param>
/// <param name="Flip">Whether left and right are exchanged.</param>
/// <param name="Zoom">The shorter side in squares, where images are resized as they are read; otherwise their preparation decided it.</param>
public readonly record struct ImageCrop(double Left, double Top, bool Flip, double Zoom = ImageCrop.UsualZoom)
{
    /// <summary>The shorter side becomes 1.125 × the square (specification, section 3).</summary>
    public const double UsualZoom = 1.125;

    /// <summary>The middle of an image, as models are measured by.</summary>
    public static ImageCrop Centre => new(-1, -1, false);

    /// <summary>First row or column where a square has this much room.</summary>
    internal static int Offset(double place, int room) => place < 0 ? room / 2 : (int)(place * (room + 1));
}
