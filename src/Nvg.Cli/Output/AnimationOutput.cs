using Nvg.Control;
using Nvg.Rendering;

namespace Nvg.Cli.Output;

/// <summary>The growth of all pictures as one animated GIF.</summary>
internal sealed class AnimationOutput(string path, int columns) : IPictureOutput
{
    private readonly List<IReadOnlyList<StagePicture>> _pictures = [];

    public IEnumerable<string> Files(RequestedPicture picture) => [];

    public string? Add(GeneratedPicture picture)
    {
        _pictures.Add(picture.Stages);
        return null;
    }

    public IReadOnlyList<string> Complete()
    {
        (IReadOnlyList<RgbImage> frames, IReadOnlyList<TimeSpan> delays) = StageDrawing.Animation(_pictures, columns);
        PictureFile.WriteAnimation(path, frames, delays);
        return [path];
    }

    public void Dispose()
    {
    }
}
