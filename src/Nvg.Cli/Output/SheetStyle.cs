namespace Nvg.Cli.Output;

/// <summary>How images are arranged in a single file.</summary>
/// <param name="Columns">Images per row, or 0 for a grid about as wide as it is high.</param>
/// <param name="Scale">Magnification: the side of the square that a pixel becomes, or null to choose it by the size of the images.</param>
/// <param name="Framed">Whether a single image gets a white frame like a grid. Without a frame, the file is the image itself.</param>
internal sealed record SheetStyle(int Columns = 0, int? Scale = null, bool Framed = false)
{
    /// <summary>Whether the file is the image itself, without a frame.</summary>
    /// <param name="count">Number of images.</param>
    internal bool IsPlain(int count) => count == 1 && !Framed;
}
