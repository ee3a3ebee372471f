namespace Nvg.Data.Datasets;

/// <summary>A square crop of an image.</summary>
/// <param name="Left">Position of the left edge within the available range, in [0, 1); negative for the centre.</param>
/// <param name="Top">Position of the upper edge in the same form.</param>
/// <param name="Flip">Whether the crop is mirrored horizontally.</param>
/// <param name="Zoom">
/// Length of the shorter side relative to the square, if images are resized when they are read; otherwise it was fixed during preparation.
/// </param>
/// <param name="Turns">Number of quarter turns counter-clockwise, 0 to 3, applied after mirroring.</param>
public readonly record struct ImageCrop(double Left, double Top, bool Flip, double Zoom = ImageCrop.UsualZoom, int Turns = 0)
{
    /// <summary>Default zoom for training: the shorter side is resized to 1.125 times the crop (docs/method.md, section 3.6).</summary>
    public const double UsualZoom = 1.125;

    /// <summary>The centre crop, with the zoom of training.</summary>
    public static ImageCrop Centre => new(-1, -1, false);

    /// <summary>
    /// The central square over the full shorter side, which evaluation uses. Measurements are the same for image files, stored files and
    /// pixels.
    /// </summary>
    public static ImageCrop CentralSquare => new(-1, -1, false, Zoom: 1);

    /// <summary>First row or column of a crop, given the available range.</summary>
    internal static int Offset(double place, int room) => place < 0 ? room / 2 : (int)(place * (room + 1));
}
