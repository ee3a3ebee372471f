using Nvg.Conditioning;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Control;

/// <summary>Structure maps of the first stages made from something that a person gave, with what had to be changed for balance.</summary>
/// <param name="Grid">The latent positions.</param>
/// <param name="Stages">Stages 0…M − 1.</param>
public sealed record StructurePlan(LatentGrid Grid, IReadOnlyList<StructureStage> Stages)
{
    private const int DrawnSide = 64;

    /// <summary>The maps as they are given to an image.</summary>
    public PartialSequence ToSequence() => PartialSequence.FromStructure(Grid, [.. Stages.SelectMany(s => s.Used)]);

    /// <summary>Draws every stage in a column: what was asked for, what is used, and in white what balance moved.</summary>
    public RgbImage Draw()
    {
        int width = DrawnSide, height = Math.Max(1, DrawnSide * Grid.Height / Grid.Width);
        RgbImage Paint(IEnumerable<int> labels) => StructureMapPainting.WithPalette([.. labels], Grid.Height, Grid.Width, width, height);
        return ImageGrid.Compose(
            [
                .. Stages.Select(s => Paint(Compact(s.Asked))),
                .. Stages.Select(s => Paint(s.Used)),
                .. Stages.Select(s => Paint(s.Moved.Select(m => m ? 1 : 0))),
            ],
            columns: Stages.Count);
    }

    // Regions in the order of their numbers, so that there are never more than positions.
    private static IEnumerable<int> Compact(IReadOnlyList<int> labels)
    {
        int[] different = [.. labels.Distinct().Order()];
        // Two regions are drawn in black and white as two clusters are; what is asked for may already be 0 and 1.
        return labels.All(l => l >= 0 && l < labels.Count) ? labels : labels.Select(l => Array.BinarySearch(different, l));
    }
}
