namespace Nvg.Imaging;

/// <summary>What an image file says of its image.</summary>
/// <param name="Width">Columns, upright.</param>
/// <param name="Height">Rows, upright.</param>
/// <param name="IsGrey">Whether it has one channel of light, not colours.</param>
public readonly record struct ImageHeader(int Width, int Height, bool IsGrey);
