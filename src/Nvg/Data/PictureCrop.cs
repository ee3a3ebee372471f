namespace Nvg.Data;

/// <summary>Which square of a picture is looked at.</summary>
/// <param name="Left">Place of its left edge in the room there is, in [0, 1); negative for the centre.</param>
/// <param name="Top">Likewise of its upper edge.</param>
/// <param name="Flip">Whether left and right are exchanged.</param>
/// <param name="Zoom">The shorter side in squares, where pictures are resized as they are read; otherwise their preparation decided it.</param>
public readonly record struct PictureCrop(double Left, double Top, bool Flip, double Zoom = PictureCrop.UsualZoom)
{
    /// <summary>The shorter side becomes 1.125 × the square (specification, section 3).</summary>
    public const double UsualZoom = 1.125;

    /// <summary>The middle of a picture, as models are measured by.</summary>
    public static PictureCrop Centre => new(-1, -1, false);

    /// <summary>First row or column where a square has this much room.</summary>
    internal static int Offset(double place, int room) => place < 0 ? room / 2 : (int)(place * (room + 1));
}
