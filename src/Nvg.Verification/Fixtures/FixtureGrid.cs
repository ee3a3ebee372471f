using Nvg.Granularity;

namespace Nvg.Verification.Fixtures;

/// <summary>The latent grid of fixtures that store only the number of positions.</summary>
internal static class FixtureGrid
{
    /// <summary>Creates a square grid.</summary>
    /// <exception cref="InvalidDataException">The number of positions is not a square.</exception>
    internal static LatentGrid Square(long length)
    {
        int side = (int)Math.Round(Math.Sqrt(length));
        return (long)side * side == length
            ? new LatentGrid(side, side)
            : throw new InvalidDataException($"{length} positions do not form a square grid");
    }
}
