namespace Nvg.Data.Datasets;

/// <summary>A square crop of an image.</summary>
/// <param name="Left">Position of the left edge within the available range, in [0, 1); negative for the centre.</param>
/// <param name="Top">Position of the upper edge, likewise.</param>
/// <param name="Flip">Whether the crop is mirrored horizontally.</param>
/// <param name="Zoom">
/// The shorter side in squares, where images are resized as they are read; otherwise their preparation decided it.
/// </param>
/// <param name="Turns">Number of quarter turns counter-clockwise, 0 to 3, applied after mirroring.</param>
public readonly record struct ImageCrop(double Left, double Top, bool Flip, double Zoom = ImageCrop.UsualZoom, int Turns = 0)
{
    /// <summary>The shorter side is resized to 1.125 times the crop (docs/method.md, section 3.6).</summary>
    public const double UsualZoom = 1.125;

    /// <summary>The centre crop, with the zoom of training.</summary>
    public static ImageCrop Centre => new(-1, -1, false);

    /// <summary>
    /// The central square with the whole of the shorter side, which evaluation uses: images measure the same as files, as kept files
    /// and as pixels.
    /// </summary>
    public static ImageCrop CentralSquare => new(-1, -1, false, Zoom: 1);

    /// <summary>First row or column of a crop with this much room.</summary>
    internal static int Offset(double place, int room) => place < 0 ? room / 2 : (int)(place * (room + 1));
}
