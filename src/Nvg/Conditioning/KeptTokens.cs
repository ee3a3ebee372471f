namespace Nvg.Conditioning;

/// <summary>What <see cref="BorderRule.Keep"/> means: clusters with given positions use a given token throughout.</summary>
internal static class KeptTokens
{
    /// <summary>Puts the token that most of a cluster's given positions have into the others; of equally many, that of the first position.</summary>
    /// <param name="labels_L">The cluster of each position.</param>
    /// <param name="given_L">The token of each position, −1 where none is given.</param>
    /// <param name="tokens_L">The tokens that were drawn; those of clusters with a given position are replaced.</param>
    internal static void Spread(ReadOnlySpan<long> labels_L, ReadOnlySpan<long> given_L, Span<long> tokens_L)
    {
        var counts = new Dictionary<(long Label, long Token), int>();
        for (int l = 0; l < given_L.Length; l++)
        {
            if (given_L[l] != PartialSequence.Unknown)
                counts[(labels_L[l], given_L[l])] = counts.GetValueOrDefault((labels_L[l], given_L[l])) + 1;
        }

        var most = new Dictionary<long, (long Token, int Count)>();
        for (int l = 0; l < given_L.Length; l++)
        {
            if (given_L[l] != PartialSequence.Unknown && counts[(labels_L[l], given_L[l])] is var count && count > most.GetValueOrDefault(labels_L[l]).Count)
                most[labels_L[l]] = (given_L[l], count);
        }

        for (int l = 0; l < tokens_L.Length; l++)
        {
            if (most.TryGetValue(labels_L[l], out (long Token, int Count) kept))
                tokens_L[l] = kept.Token;
        }
    }
}
