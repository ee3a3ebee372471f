using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Conditioning;

/// <summary>
/// The colours of a drawing by latent position. The content of the first stages is chosen to follow them: dark parts of the drawing become
/// darker than bright parts. Only differences matter, so any colours can be used. Immutable; needs no disposal.
/// </summary>
public sealed class DrawnColours
{
    private readonly float[] _colours_LC;

    private DrawnColours(LatentGrid grid, float[] colours_LC) => (Grid, _colours_LC) = (grid, colours_LC);

    /// <summary>The latent positions.</summary>
    public LatentGrid Grid { get; }

    /// <summary>Red, green and blue of every position, in [0, 255], minus their mean over the drawing; L × 3.</summary>
    public ReadOnlySpan<float> Values => _colours_LC;

    /// <summary>The mean colours of the positions.</summary>
    /// <param name="drawing">An image of any size.</param>
    /// <param name="grid">The latent positions, which frame the drawing.</param>
    /// <returns>The colours, or null if the drawing has only one colour.</returns>
    public static DrawnColours? Of(RgbImage drawing, LatentGrid grid)
    {
        double area = AreaSampling.Area(drawing, grid);
        double[] colours_LC = [.. AreaSampling.ChannelSums(drawing, grid).Select(sum => sum / area)];
        double[] mean_C = [.. Enumerable.Range(0, RgbImage.Channels).Select(c =>
            colours_LC.Where((_, i) => i % RgbImage.Channels == c).Average())];
        float[] differences_LC = [.. colours_LC.Select((colour, i) => (float)(colour - mean_C[i % RgbImage.Channels]))];
        return Array.TrueForAll(differences_LC, difference => difference == 0) ? null : new DrawnColours(grid, differences_LC);
    }

    /// <summary>Stacks drawings, B × L × 3; the tensor belongs to the innermost scope.</summary>
    internal static Tensor Stack(IReadOnlyList<DrawnColours> drawings, Device device) =>
        Tensor.From([.. drawings.SelectMany(drawing => drawing._colours_LC)], drawings.Count, drawings[0].Grid.Length, RgbImage.Channels)
            .Send(device);
}
