using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Control;

/// <summary>
/// An image that stays as it is away from a region. A decoder's normalisations reach over the whole image, so that kept tokens alone
/// do not keep pixels; this puts them back. Inside the region the new image counts, one latent position and more away from
/// it the old one, between them a straight ramp.
/// </summary>
/// <param name="Region">What is generated anew.</param>
/// <param name="Image">The image before, of the model's size.</param>
public sealed record KeptSurroundings(RegionMask Region, RgbImage Image)
{
    /// <summary>The new image in the region, the old one away from it.</summary>
    /// <param name="generated">As the decoder gave it, of the size of the old one.</param>
    /// <exception cref="ArgumentException">It is of another size.</exception>
    public RgbImage Blend(RgbImage generated)
    {
        if ((generated.Width, generated.Height) != (Image.Width, Image.Height))
            throw new ArgumentException($"surroundings of {Image.Width} × {Image.Height} cannot be put around an image of {generated.Width} × {generated.Height}");
        LatentGrid grid = Region.Grid;
        var blended = new RgbImage(generated.Width, generated.Height);
        for (int y = 0; y < generated.Height; y++)
        {
            Span<byte> row = blended.Row(y);
            for (int x = 0; x < generated.Width; x++)
            {
                double share = Math.Clamp(1 - Distance((x + 0.5) * grid.Width / generated.Width, (y + 0.5) * grid.Height / generated.Height), 0, 1);
                for (int i = x * RgbImage.Channels; i < (x + 1) * RgbImage.Channels; i++)
                    row[i] = (byte)Math.Round(Image.Row(y)[i] + share * (generated.Row(y)[i] - Image.Row(y)[i]));
            }
        }

        return blended;
    }

    // From a point in latent positions to the nearest square of the region.
    private double Distance(double x, double y)
    {
        LatentGrid grid = Region.Grid;
        double nearest = double.PositiveInfinity;
        (int left, int top) = ((int)x, (int)y);
        // Farther squares count as one away: the old image.
        for (int row = Math.Max(0, top - 1); row <= Math.Min(grid.Height - 1, top + 1); row++)
        {
            for (int column = Math.Max(0, left - 1); column <= Math.Min(grid.Width - 1, left + 1); column++)
            {
                if (Region.Inside[row * grid.Width + column])
                    nearest = Math.Min(nearest, Math.Sqrt(Square(Outside(x, column)) + Square(Outside(y, row))));
            }
        }

        return nearest;

        double Outside(double point, int cell) => Math.Max(0, Math.Max(cell - point, point - (cell + 1)));
        double Square(double value) => value * value;
    }
}
