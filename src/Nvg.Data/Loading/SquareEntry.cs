using Nvg.Imaging;

namespace Nvg.Data.Loading;

/// <summary>A square image that is read on demand.</summary>
/// <param name="Name">Name for messages.</param>
/// <param name="Read">Reads the image; throws <see cref="NvgDataException"/> if it is unusable.</param>
public sealed record SquareEntry(string Name, Func<RgbImage> Read)
{
    /// <summary>The source file; null in a prepared data set.</summary>
    public string? File { get; init; }

    /// <summary>Reads the header of the original image; null in a prepared data set, which no longer has it.</summary>
    public Func<ImageHeader>? Header { get; init; }
}
