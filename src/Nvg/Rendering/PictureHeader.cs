namespace Nvg.Rendering;

/// <summary>What a picture file says of its picture.</summary>
/// <param name="Width">Columns, upright.</param>
/// <param name="Height">Rows, upright.</param>
/// <param name="IsGrey">Whether it has one channel of light, not colours.</param>
public readonly record struct PictureHeader(int Width, int Height, bool IsGrey);
