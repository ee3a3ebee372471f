using Nvg.Rendering;

namespace Nvg.Control;

/// <summary>Arranges the stages of pictures: on a sheet, or as an animation.</summary>
public static class StageDrawing
{
    private static readonly TimeSpan StageDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FinalDelay = TimeSpan.FromMilliseconds(2500);

    /// <summary>A row for each picture: for every stage the picture so far, and beside it the structure map.</summary>
    /// <param name="pictures">At least one, all of one size and number of stages.</param>
    public static RgbImage Sheet(IReadOnlyList<IReadOnlyList<StagePicture>> pictures)
    {
        RgbImage[] cells = [.. pictures.SelectMany(stages => stages).SelectMany(stage => new[] { stage.Canvas, stage.Structure })];
        return PictureGrid.Compose(cells, columns: 2 * pictures[0].Count, enlargement: PictureGrid.ComfortableEnlargement(cells[0], cells.Length));
    }

    /// <summary>All pictures in a grid, growing from stage to stage; the last stands longest.</summary>
    /// <param name="pictures">At least one, all of one size and number of stages.</param>
    /// <param name="columns">Pictures in a row, or 0 for a grid about as wide as it is high.</param>
    public static (IReadOnlyList<RgbImage> Frames, IReadOnlyList<TimeSpan> Delays) Animation(IReadOnlyList<IReadOnlyList<StagePicture>> pictures, int columns = 0)
    {
        int enlargement = PictureGrid.ComfortableEnlargement(pictures[0][0].Canvas, pictures.Count * pictures[0].Count);
        RgbImage[] frames = [.. Enumerable.Range(0, pictures[0].Count)
            .Select(i => PictureGrid.Compose([.. pictures.Select(stages => stages[i].Canvas)], columns, enlargement: enlargement))];
        return (frames, [.. frames.Select((_, i) => i == frames.Length - 1 ? FinalDelay : StageDelay)]);
    }
}
