using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg;

/// <summary>
/// The layout of an image for its first stages: for each stage a map that assigns every latent position to a cluster, made
/// from something that a person drew, measured or stored (<see cref="StructureBuilder"/>). Clusters must have equal sizes, so
/// each stage also says what was asked for and which positions had to move. Immutable; needs no disposal.
/// </summary>
/// <param name="Grid">The latent positions.</param>
/// <param name="Stages">Stages 0…M − 1. Stage 0 is one cluster, so a map of M stages fixes M − 1 splits.</param>
public sealed record StructureMap(LatentGrid Grid, IReadOnlyList<StructureStage> Stages)
{
    private const int DrawnSide = 64;

    /// <summary>Colours of the drawing that the map was made from, which the content follows; null where only the layout counts.</summary>
    public DrawnColours? Colours { get; init; }

    /// <summary>The maps as a partial sequence, to combine them with given content.</summary>
    public PartialSequence ToSequence() => PartialSequence.FromStructure(Grid, [.. Stages.SelectMany(s => s.Used)]).With(Colours);

    /// <summary>
    /// Draws one column per split, that is, per stage after stage 0: what was asked for, what is used, and in white the positions that
    /// moved.
    /// </summary>
    public RgbImage Draw()
    {
        // Stage 0 is one region; it is drawn where there is nothing else.
        StructureStage[] drawn = [.. Stages.Skip(Stages.Count > 1 ? 1 : 0)];
        int width = DrawnSide, height = Math.Max(1, DrawnSide * Grid.Height / Grid.Width);
        RgbImage Paint(IEnumerable<int> labels) =>
            StructureMapPainting.WithPalette([.. labels], Grid.Height, Grid.Width, width, height);
        return ImageGrid.Compose(
            [
                .. drawn.Select(s => Paint(Renumber(s.Asked))),
                .. drawn.Select(s => Paint(s.Used)),
                .. drawn.Select(s => Paint(s.Moved.Select(m => m ? 1 : 0))),
            ],
            columns: drawn.Length);
    }

    // Regions may have any numbers; the palette has colours for 0…L − 1. Two regions are drawn like two clusters.
    private static IEnumerable<int> Renumber(IReadOnlyList<int> labels)
    {
        int[] different = [.. labels.Distinct().Order()];
        return labels.All(l => l >= 0 && l < labels.Count) ? labels : labels.Select(l => Array.BinarySearch(different, l));
    }
}
