using Nvg.Cli.Terminal;
using Nvg.Imaging;
using Nvg.Methods;
using Nvg.Previews;

namespace Nvg.Cli.Output;

/// <summary>One file for all images: the image itself, a framed grid, or, with stages, one row per image.</summary>
/// <param name="path">The file, or <see cref="ImageOutput.StandardOutput"/> for PNG on standard output.</param>
/// <param name="style">Arrangement of the images.</param>
/// <param name="withStages">Whether every stage is drawn.</param>
internal sealed class SheetOutput(string path, SheetStyle style, bool withStages) : IImageOutput
{
    private readonly List<IGeneratedImage> _images = [];

    public IEnumerable<string> Files(ImageName image) => [];

    public string? Add(IGeneratedImage image)
    {
        _images.Add(image);
        return null;
    }

    public IReadOnlyList<string> Complete()
    {
        RgbImage sheet = withStages ? StageDrawing.Sheet([.. _images.Select(p => p.Stages)]) : Grid();
        if (path != ImageOutput.StandardOutput)
        {
            ImageFile.Write(path, sheet);
            return [path];
        }

        byte[] png = ImageFile.Encode(sheet, ImageFormat.Png);
        FileFailure.Writing("standard output", () =>
        {
            using Stream output = StandardStreams.OpenOutput();
            output.Write(png);
        });
        return [];
    }

    public void Dispose()
    {
    }

    private RgbImage Grid()
    {
        RgbImage[] images = [.. _images.Select(p => p.Image)];
        if (style.IsPlain(images.Length))
            return style.Scale is > 1 and var scale ? images[0].Enlarge(scale) : images[0];
        return ImageGrid.Compose(images, style.Columns,
            enlargement: style.Scale ?? ImageGrid.ComfortableEnlargement(images[0], images.Length));
    }
}
