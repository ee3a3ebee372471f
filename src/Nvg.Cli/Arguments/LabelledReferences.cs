using Nvg.Evaluation.Classes;

namespace Nvg.Cli.Arguments;

/// <summary>Real images with classes, for comparison with the images of a model.</summary>
internal static class LabelledReferences
{
    /// <summary>Reads the images; each has the model's size and a class.</summary>
    /// <param name="data">Data set, folder or .npz accepted by <see cref="LabelledImages.Read"/>.</param>
    /// <param name="model">Borrowed.</param>
    /// <param name="limit">Number of images, chosen evenly; null for all.</param>
    /// <param name="wanted">Classes of the images; null for all.</param>
    /// <exception cref="NvgDataException">The data cannot be read, or an image has another size or no class.</exception>
    internal static LabelledImage[] Read(string data, NvgModel model, int? limit = null, IReadOnlyList<int>? wanted = null)
    {
        int side = model.Config.Tokenizer.ImageSize;
        LabelledImage[] images =
            [.. LabelledImages.Read(data, model.Labels, limit).Where(image => wanted?.Contains(image.Label ?? -1) ?? true)];
        return Array.Find(images, image => image.Label is null || image.Image.Width != side || image.Image.Height != side) is { } wrong
            ? throw NvgDataException.At(wrong.Name, $"is not a {side} × {side} image with a class", "nvg prepare --size creates them")
            : images;
    }
}
