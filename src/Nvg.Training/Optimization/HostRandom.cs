using Nvg.Torch;

namespace Nvg.Training.Optimization;

/// <summary>
/// Random decisions that the host takes, such as where a crop lies: drawn from a seed without asking the device, which
/// would make a step wait for it.
/// </summary>
internal sealed class HostRandom(ulong seed)
{
    private ulong _drawn;

    /// <summary>Uniform in [0, 1).</summary>
    internal double Next() => (SplitMix64.Mix(SplitMix64.Mix(seed) + _drawn++) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform among 0 … <paramref name="count"/> − 1.</summary>
    internal int Next(int count) => (int)(Next() * count);
}
