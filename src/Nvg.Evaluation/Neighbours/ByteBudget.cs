namespace Nvg.Evaluation.Neighbours;

/// <summary>Number of vectors to compare at once: as many as make it faster, and fewer if they are long.</summary>
internal static class ByteBudget
{
    /// <summary>Memory limit for one tensor of a tile; a few of them exist at the same time.</summary>
    internal const long Bytes = 128L << 20;

    /// <summary>Rows of a tile, at least 1.</summary>
    /// <param name="bytesPerRow">Bytes per row.</param>
    /// <param name="most">Upper limit; more rows would not be faster.</param>
    internal static int Rows(long bytesPerRow, int most) => (int)Math.Clamp(Bytes / Math.Max(bytesPerRow, 1), 1, most);
}
