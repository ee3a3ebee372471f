using Nvg.Methods;

namespace Nvg.Cli.Output;

/// <summary>What the files of an image are named after.</summary>
/// <param name="Class">Number of its class.</param>
/// <param name="Seed">Its seed.</param>
/// <param name="Variant">Distinguishes it from others of its class and seed, or null.</param>
internal readonly record struct ImageName(int Class, ulong Seed, string? Variant)
{
    internal static ImageName Of(IGeneratedImage image) => new(image.Class, image.Seed, image.Variant);

    internal static ImageName Of(ImageRequest request) => new(
        request.Class.Number ?? throw new InvalidOperationException("the class must be given by its number"), request.Seed,
        request.Variant);
}
