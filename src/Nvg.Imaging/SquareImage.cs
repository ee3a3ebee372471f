namespace Nvg.Imaging;

/// <summary>Prepares images for a model: the shorter side is resized to the model's size, then the central square is cropped.</summary>
public static class SquareImage
{
    /// <summary>Reads an image file and prepares it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="side">Side of the square in pixels.</param>
    /// <exception cref="NvgDataException">The file is missing or is not a usable image.</exception>
    public static RgbImage Read(string path, int side) => ImageFile.Read(path, side).CropCentre(side, side);
}
