using Nvg.Imaging;
using Nvg.Previews;

namespace Nvg.Methods;

/// <summary>A generated image of any method. Holds no tensors and needs no disposal.</summary>
public interface IGeneratedImage
{
    /// <summary>Number of its class.</summary>
    int Class { get; }

    /// <summary>Name of its class.</summary>
    string Label { get; }

    /// <summary>Its seed.</summary>
    ulong Seed { get; }

    /// <summary>Distinguishes it from others of its class and seed, in file names; null for nothing.</summary>
    string? Variant { get; }

    /// <summary>The pixels.</summary>
    RgbImage Image { get; }

    /// <summary>The image after every stage; empty unless requested.</summary>
    IReadOnlyList<StageImage> Stages { get; }
}
