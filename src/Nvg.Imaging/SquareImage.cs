namespace Nvg.Imaging;

/// <summary>Images as a model sees them: the shorter side resized to the model's size, then the middle square.</summary>
public static class SquareImage
{
    /// <summary>Reads an image file and prepares it.</summary>
    /// <param name="path">The file.</param>
    /// <param name="side">Pixels of the square.</param>
    /// <exception cref="NvgDataException">The file is missing or is not a usable image.</exception>
    public static RgbImage Read(string path, int side) => ImageFile.Read(path, side).CropCentre(side, side);
}
