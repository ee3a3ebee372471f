using Nvg.Granularity.Construction;
using Nvg.Imaging;

namespace Nvg.Var;

/// <summary>
/// An image that is partly kept while the rest is generated. With the null class, this is in-painting (a hole is filled) or out-painting
/// (the surroundings are filled). With another class, it is class-conditional editing.
/// </summary>
/// <param name="Image">A square of the model's image size.</param>
/// <param name="Keep">Whether each position of the latent is kept, row by row, n × n values.</param>
public sealed record VarEdit(RgbImage Image, IReadOnlyList<bool> Keep)
{
    private const int BrightSum = 3 * 128;

    /// <summary>Reads a mask image: white is regenerated, black is kept.</summary>
    /// <param name="image">The image that is partly kept.</param>
    /// <param name="mask">
    /// An image of any size; its central square is used, as for a photograph. A position that a white pixel touches is regenerated.
    /// </param>
    /// <param name="side">Side of the latent (n).</param>
    /// <param name="outside">Whether the black part is regenerated instead.</param>
    /// <exception cref="ArgumentException">Nothing would be generated, or nothing would be kept.</exception>
    public static VarEdit FromMask(RgbImage image, RgbImage mask, int side, bool outside = false)
    {
        bool[] keep = [.. Enumerable.Repeat(true, side * side)];
        AreaSampling.Visit(mask.Width, mask.Height, side, side, (x, y, position, _) =>
        {
            ReadOnlySpan<byte> pixel = mask.Row(y).Slice(x * RgbImage.Channels, RgbImage.Channels);
            keep[position] &= (pixel[0] + pixel[1] + pixel[2] >= BrightSum) == outside;
        });
        return !keep.Contains(false) ? throw new ArgumentException("the mask leaves nothing to generate")
            : !keep.Contains(true) ? throw new ArgumentException("the mask leaves nothing to keep")
            : new VarEdit(image, keep);
    }
}
