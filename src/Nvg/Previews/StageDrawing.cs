using Nvg.Imaging;

namespace Nvg.Previews;

/// <summary>Arranges the stages of images on a sheet or as an animation.</summary>
public static class StageDrawing
{
    private static readonly TimeSpan StageDelay = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan FinalDelay = TimeSpan.FromMilliseconds(2500);

    /// <summary>Draws one row per image: for every stage, the image so far and the structure map beside it.</summary>
    /// <param name="images">At least one image, all with the same size and number of stages.</param>
    public static RgbImage Sheet(IReadOnlyList<IReadOnlyList<StageImage>> images)
    {
        RgbImage[] cells = [.. images.SelectMany(stages => stages).SelectMany(stage => new[] { stage.Canvas, stage.Structure })];
        int enlargement = ImageGrid.ComfortableEnlargement(cells[0], cells.Length);
        return ImageGrid.Compose(cells, columns: 2 * images[0].Count, enlargement: enlargement);
    }

    /// <summary>Draws all images in a grid, one frame per stage; the last frame is shown longest.</summary>
    /// <param name="images">At least one image, all with the same size and number of stages.</param>
    /// <param name="columns">Images per row, or 0 for a grid about as wide as it is high.</param>
    /// <returns>The frames, and the display duration of each.</returns>
    public static (IReadOnlyList<RgbImage> Frames, IReadOnlyList<TimeSpan> Delays) Animation(
        IReadOnlyList<IReadOnlyList<StageImage>> images, int columns = 0)
    {
        int enlargement = ImageGrid.ComfortableEnlargement(images[0][0].Canvas, images.Count * images[0].Count);
        RgbImage[] frames = [.. Enumerable.Range(0, images[0].Count)
            .Select(i => ImageGrid.Compose([.. images.Select(stages => stages[i].Canvas)], columns, enlargement: enlargement))];
        return (frames, [.. frames.Select((_, i) => i == frames.Length - 1 ? FinalDelay : StageDelay)]);
    }
}
