using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg;

/// <summary>
/// The layout of an image for its first stages: each stage has a map that assigns every latent position to a cluster. Maps are built from
/// drawings, measurements or stored data (<see cref="StructureBuilder"/>). Clusters must have equal sizes, so each stage also records the
/// requested labels and the positions that had to move. Immutable; needs no disposal.
/// </summary>
/// <param name="Grid">The latent positions.</param>
/// <param name="Stages">Stages 0…M − 1. Stage 0 is one cluster, so a map of M stages fixes M − 1 splits.</param>
public sealed record StructureMap(LatentGrid Grid, IReadOnlyList<StructureStage> Stages)
{
    private const int DrawnSide = 64;

    /// <summary>Colours of the drawing that the map was built from, which the content follows; null if only the layout matters.</summary>
    public DrawnColours? Colours { get; init; }

    /// <summary>Converts the maps to a partial sequence, which can be combined with given content.</summary>
    public PartialSequence ToSequence() => PartialSequence.FromStructure(Grid, [.. Stages.SelectMany(s => s.Used)]).With(Colours);

    /// <summary>
    /// Draws one column per split, that is, per stage after stage 0: the requested labels, the used labels, and the moved positions in
    /// white.
    /// </summary>
    public RgbImage Draw()
    {
        // Stage 0 is a single region; it is drawn only if there are no other stages.
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

    // Region numbers are arbitrary, but the palette has colours only for 0…L − 1. Renumbered, two regions are drawn like two clusters.
    private static IEnumerable<int> Renumber(IReadOnlyList<int> labels)
    {
        int[] different = [.. labels.Distinct().Order()];
        return labels.All(l => l >= 0 && l < labels.Count) ? labels : labels.Select(l => Array.BinarySearch(different, l));
    }
}
