using Nvg.Granularity;
using Nvg.Imaging;

namespace Nvg.Control;

/// <summary>
/// An image that stays unchanged outside a region. The decoder's normalisation layers see the whole image, so keeping tokens does not keep
/// pixels exactly; blending restores them. The generated image is used inside the region and the kept image beyond a distance of one latent
/// position, with a linear ramp in between.
/// </summary>
/// <param name="Region">The region to regenerate.</param>
/// <param name="Image">The kept image, of the model's size.</param>
public sealed record KeptSurroundings(RegionMask Region, RgbImage Image)
{
    /// <summary>Blends a generated image with the kept one.</summary>
    /// <param name="generated">The decoded image, of the same size as the kept one.</param>
    /// <exception cref="ArgumentException">Its size differs.</exception>
    public RgbImage Blend(RgbImage generated)
    {
        if ((generated.Width, generated.Height) != (Image.Width, Image.Height))
        {
            throw new ArgumentException(
                $"surroundings of {Image.Width} × {Image.Height} cannot be put around an image of {generated.Width} × {generated.Height}");
        }

        LatentGrid grid = Region.Grid;
        var blended = new RgbImage(generated.Width, generated.Height);
        for (int y = 0; y < generated.Height; y++)
        {
            Span<byte> row = blended.Row(y);
            for (int x = 0; x < generated.Width; x++)
            {
                double distance = Distance((x + 0.5) * grid.Width / generated.Width, (y + 0.5) * grid.Height / generated.Height);
                double share = Math.Clamp(1 - distance, 0, 1);
                for (int i = x * RgbImage.Channels; i < (x + 1) * RgbImage.Channels; i++)
                    row[i] = (byte)Math.Round(Image.Row(y)[i] + share * (generated.Row(y)[i] - Image.Row(y)[i]));
            }
        }

        return blended;
    }

    // Distance from a point to the nearest square of the region, in units of latent positions.
    private double Distance(double x, double y)
    {
        LatentGrid grid = Region.Grid;
        double nearest = double.PositiveInfinity;
        (int left, int top) = ((int)x, (int)y);
        // Squares farther away than one position do not matter: there the kept image is used.
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
