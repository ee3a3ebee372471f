using Nvg.Imaging;
using Nvg.Methods;
using Nvg.Previews;

namespace Nvg.Cli.Output;

/// <summary>The stages of all images as one animated GIF.</summary>
internal sealed class AnimationOutput(string path, int columns) : IImageOutput
{
    private readonly List<IReadOnlyList<StageImage>> _images = [];

    public IEnumerable<string> Files(ImageName image) => [];

    public string? Add(IGeneratedImage image)
    {
        _images.Add(image.Stages);
        return null;
    }

    public IReadOnlyList<string> Complete()
    {
        (IReadOnlyList<RgbImage> frames, IReadOnlyList<TimeSpan> delays) = StageDrawing.Animation(_images, columns);
        ImageFile.WriteAnimation(path, frames, delays);
        return [path];
    }

    public void Dispose()
    {
    }
}
