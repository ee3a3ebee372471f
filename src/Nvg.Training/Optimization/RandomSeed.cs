using Nvg.Torch;

namespace Nvg.Training.Optimization;

/// <summary>Derives the seed of every random decision of a run from the run's seed, so that a resumed run draws the same numbers.</summary>
internal static class RandomSeed
{
    /// <summary>The seed of a stream in a step.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">Step (from 0), or the example for a stream without steps.</param>
    /// <param name="stream">The stream to draw from.</param>
    internal static ulong Of(ulong seed, long step, RandomStream stream) => Mix(seed, step, (ulong)stream);

    /// <summary>The seed of a stream for one example in a step. It does not depend on the rest of the batch.</summary>
    internal static ulong Of(ulong seed, long step, RandomStream stream, long example) => Mix(Of(seed, step, stream), example, 0);

    /// <summary>A well-mixed number that differs for every combination of its arguments.</summary>
    internal static ulong Mix(ulong seed, long first, ulong second)
    {
        ulong state = SplitMix64.Finalize(SplitMix64.Mix(seed) ^ (ulong)first);
        return SplitMix64.Finalize(state + second * 0xD1342543DE82EF95);
    }
}
