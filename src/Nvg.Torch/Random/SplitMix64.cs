namespace Nvg.Torch;

/// <summary>Pseudo-random numbers from consecutive ones: the finalizer of SplitMix64 (Steele, Lea, Flood 2014).</summary>
internal static class SplitMix64
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    /// <summary>Maps every input to a different number.</summary>
    internal static ulong Mix(ulong value) => Finalize(value + GoldenGamma);

    /// <summary>A bijection of 64-bit numbers in which every input bit affects all output bits.</summary>
    internal static ulong Finalize(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
