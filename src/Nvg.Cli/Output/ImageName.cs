using Nvg.Methods;

namespace Nvg.Cli.Output;

/// <summary>The parts of the file name of an image.</summary>
/// <param name="Class">Class index.</param>
/// <param name="Seed">Seed of the image.</param>
/// <param name="Variant">Distinguishes the image from others of the same class and seed, or null.</param>
internal readonly record struct ImageName(int Class, ulong Seed, string? Variant)
{
    internal static ImageName Of(IGeneratedImage image) => new(image.Class, image.Seed, image.Variant);

    internal static ImageName Of(ImageRequest request) => new(
        request.Class.Number ?? throw new InvalidOperationException("the class must be given by its number"), request.Seed,
        request.Variant);
}
