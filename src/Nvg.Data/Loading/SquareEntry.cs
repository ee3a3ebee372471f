using Nvg.Imaging;

namespace Nvg.Data.Loading;

/// <summary>A square image that is read when it is needed.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Read">Reads it; throws <see cref="NvgDataException"/> where it is unusable.</param>
public sealed record SquareEntry(string Name, Func<RgbImage> Read)
{
    /// <summary>The file it is read from, or null in a packed data set.</summary>
    public string? File { get; init; }

    /// <summary>What its file says of the image before it is made square; null in a packed data set, where that was done before.</summary>
    public Func<ImageHeader>? Header { get; init; }
}
