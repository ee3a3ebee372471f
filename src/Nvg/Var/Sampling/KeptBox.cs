using Nvg.Torch;

namespace Nvg.Var.Sampling;

/// <summary>A box of an image, in fractions of its height and width.</summary>
/// <param name="Top">Upper edge.</param>
/// <param name="Left">Left edge.</param>
/// <param name="Bottom">Lower edge.</param>
/// <param name="Right">Right edge.</param>
public readonly record struct KeptBox(double Top, double Left, double Bottom, double Right)
{
    /// <summary>Creates a mask that keeps the outside of a box (in-painting) or its inside (out-painting).</summary>
    /// <param name="box">The box. Edges are rounded to whole positions, with halves rounded to even.</param>
    /// <param name="side">Side of the latent (n).</param>
    /// <param name="regeneratesInside">Whether the inside is generated and the outside kept; otherwise the reverse.</param>
    /// <returns>n × n, 1 where the image is kept; the caller disposes it.</returns>
    public static Tensor Mask(KeptBox box, int side, bool regeneratesInside)
    {
        float[] keep = new float[side * side];
        (int top, int bottom, int left, int right) = (Edge(box.Top), Edge(box.Bottom), Edge(box.Left), Edge(box.Right));
        for (int y = 0; y < side; y++)
        {
            for (int x = 0; x < side; x++)
            {
                bool isInside = y >= top && y < bottom && x >= left && x < right;
                keep[y * side + x] = isInside == regeneratesInside ? 0 : 1;
            }
        }

        return Tensor.From(keep, side, side);

        int Edge(double fraction) => (int)Math.Round(fraction * side, MidpointRounding.ToEven);
    }
}
