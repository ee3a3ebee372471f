namespace Nvg.Imaging;

/// <summary>Properties of an image from its file header.</summary>
/// <param name="Width">Columns, upright.</param>
/// <param name="Height">Rows, upright.</param>
/// <param name="IsGrey">Whether the image is greyscale.</param>
public readonly record struct ImageHeader(int Width, int Height, bool IsGrey);
