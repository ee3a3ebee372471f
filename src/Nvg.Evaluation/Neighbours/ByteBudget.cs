namespace Nvg.Evaluation.Neighbours;

/// <summary>Number of vectors to compare at once: enough to be fast, but limited in memory.</summary>
internal static class ByteBudget
{
    /// <summary>Memory limit for one tensor of a tile; a few such tensors exist at the same time.</summary>
    internal const long Bytes = 128L << 20;

    /// <summary>Rows of a tile, at least 1.</summary>
    /// <param name="bytesPerRow">Bytes per row.</param>
    /// <param name="most">Upper limit; more rows would not be faster.</param>
    internal static int Rows(long bytesPerRow, int most) => (int)Math.Clamp(Bytes / Math.Max(bytesPerRow, 1), 1, most);
}
