using Nvg.Imaging;
using Nvg.Previews;

namespace Nvg.Cli.Output;

/// <summary>One image of all: a grid, or with stages a row for each.</summary>
internal sealed class SheetOutput(string path, int columns, bool withStages) : IImageOutput
{
    private readonly List<GeneratedImage> _images = [];

    public IEnumerable<string> Files(ImageRequest image) => [];

    public string? Add(GeneratedImage image)
    {
        _images.Add(image);
        return null;
    }

    public IReadOnlyList<string> Complete()
    {
        ImageFile.Write(path, withStages ? StageDrawing.Sheet([.. _images.Select(p => p.Stages)]) : Grid());
        return [path];
    }

    public void Dispose()
    {
    }

    private RgbImage Grid()
    {
        RgbImage[] images = [.. _images.Select(p => p.Image)];
        return ImageGrid.Compose(images, columns, enlargement: ImageGrid.ComfortableEnlargement(images[0], images.Length));
    }
}
