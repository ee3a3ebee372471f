namespace Nvg.Evaluation.Neighbours;

/// <summary>How many vectors are compared together: as many as help, and fewer where they are long.</summary>
internal static class ByteBudget
{
    /// <summary>What one tensor of a tile may take; a handful of them are alive at a time.</summary>
    internal const long Bytes = 128L << 20;

    /// <summary>Rows of a tile, at least 1.</summary>
    /// <param name="bytesPerRow">Bytes that each takes.</param>
    /// <param name="most">More would not be faster.</param>
    internal static int Rows(long bytesPerRow, int most) => (int)Math.Clamp(Bytes / Math.Max(bytesPerRow, 1), 1, most);
}
