using Nvg.Control;
using Nvg.Rendering;

namespace Nvg.Cli.Output;

/// <summary>One picture of all: a grid, or with stages a row for each.</summary>
internal sealed class SheetOutput(string path, int columns, bool withStages) : IPictureOutput
{
    private readonly List<GeneratedPicture> _pictures = [];

    public IEnumerable<string> Files(RequestedPicture picture) => [];

    public string? Add(GeneratedPicture picture)
    {
        _pictures.Add(picture);
        return null;
    }

    public IReadOnlyList<string> Complete()
    {
        PictureFile.Write(path, withStages ? StageDrawing.Sheet([.. _pictures.Select(p => p.Stages)]) : Grid());
        return [path];
    }

    public void Dispose()
    {
    }

    private RgbImage Grid()
    {
        RgbImage[] pictures = [.. _pictures.Select(p => p.Picture)];
        return PictureGrid.Compose(pictures, columns, enlargement: PictureGrid.ComfortableEnlargement(pictures[0], pictures.Length));
    }
}
