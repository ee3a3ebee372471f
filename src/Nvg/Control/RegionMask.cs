using Nvg.Conditioning;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;

namespace Nvg.Control;

/// <summary>A part of the image that is regenerated while the rest keeps its sequence.</summary>
public sealed class RegionMask
{
    private const int BrightSum = 3 * 128;

    private RegionMask(LatentGrid grid, bool[] inside) => (Grid, Inside) = (grid, inside);

    /// <summary>The latent positions.</summary>
    public LatentGrid Grid { get; }

    /// <summary>Whether each latent position is regenerated; L values.</summary>
    public IReadOnlyList<bool> Inside { get; }

    /// <summary>Reads a mask image: white is regenerated, black is kept.</summary>
    /// <param name="mask">
    /// An image of any size; its central square is used, as for a photograph. A pixel is white if its channels' mean is at least 128.
    /// </param>
    /// <param name="grid">The latent positions. A position that a white pixel touches is regenerated.</param>
    /// <param name="outside">Whether the black part is regenerated instead.</param>
    /// <exception cref="ArgumentException">Nothing would be generated, or nothing would be kept.</exception>
    public static RegionMask FromImage(RgbImage mask, LatentGrid grid, bool outside = false)
    {
        bool[] inside = new bool[grid.Length];
        AreaSampling.Visit(mask.Width, mask.Height, grid, (x, y, position, _) =>
        {
            ReadOnlySpan<byte> pixel = mask.Row(y).Slice(x * RgbImage.Channels, RgbImage.Channels);
            inside[position] |= (pixel[0] + pixel[1] + pixel[2] >= BrightSum) != outside;
        });
        return FromPositions(grid, inside, outside);
    }

    /// <summary>Creates a mask from the positions to regenerate.</summary>
    /// <param name="grid">The latent positions.</param>
    /// <param name="inside">L values.</param>
    /// <param name="outside">Whether the positions are the black part of a mask; used only for the message.</param>
    /// <exception cref="ArgumentException">No position or every position is marked, or the number is wrong.</exception>
    public static RegionMask FromPositions(LatentGrid grid, IReadOnlyList<bool> inside, bool outside = false) =>
        inside.Count != grid.Length ? throw new ArgumentException($"a mask of {inside.Count} positions was given, {grid} are needed")
        : !inside.Contains(true) ? throw new ArgumentException(
            $"the mask leaves nothing to generate: it is {(outside ? "white" : "black")} throughout")
        : !inside.Contains(false) ? throw new ArgumentException(
            $"the mask leaves nothing to keep: it is {(outside ? "black" : "white")} somewhere under every latent position"
            + (outside ? "" : " (transparent pixels count as white)"))
        : new RegionMask(grid, [.. inside]);

    /// <summary>The part of a sequence that is kept: everything outside the region, and the first stages inside.</summary>
    /// <param name="sequence">The complete sequence of an image.</param>
    /// <param name="structureStages">Number of leading stages whose structure is kept inside as well.</param>
    /// <param name="contentStages">Number of leading stages whose tokens are kept inside as well.</param>
    /// <param name="border">How clusters that span the border choose tokens.</param>
    /// <exception cref="ArgumentException">The sequence has a different grid, or nothing would be left to generate.</exception>
    public PartialSequence Keep(
        PartialSequence sequence, int structureStages = 0, int contentStages = 0, BorderRule border = BorderRule.Split) =>
        Keep(sequence, sequence.Keep(structureStages, contentStages), border);

    /// <summary>Same as the other overload, but keeps any part of the sequence inside.</summary>
    internal PartialSequence Keep(PartialSequence sequence, PartialSequence inside, BorderRule border)
    {
        if (sequence.Grid != Grid)
            throw new ArgumentException($"a sequence of {sequence.Grid} positions was given, the mask has {Grid}");
        PartialSequence kept = sequence.Where([.. Inside.Select(isInside => !isInside)]).WithFallback(inside).With(border);
        return !kept.IsComplete ? kept : throw new ArgumentException(
            $"the mask leaves nothing to generate if its inside also keeps all {Grid.StageCount} stages: "
            + $"keep at most {Grid.StageCount - 1}");
    }
}
