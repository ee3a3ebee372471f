using Nvg.Torch;

namespace Nvg.Training.Optimization;

/// <summary>
/// Random numbers drawn on the host, for decisions such as the position of a crop. Drawing on the device would make the step wait
/// for the device.
/// </summary>
internal sealed class HostRandom(ulong seed)
{
    private ulong _drawn;

    /// <summary>Uniform in [0, 1).</summary>
    internal double Next() => (SplitMix64.Mix(SplitMix64.Mix(seed) + _drawn++) >> 11) * (1.0 / (1UL << 53));

    /// <summary>Uniform in 0 … <paramref name="count"/> − 1.</summary>
    internal int Next(int count) => (int)(Next() * count);
}
