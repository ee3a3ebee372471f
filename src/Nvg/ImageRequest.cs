using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Sampling;

namespace Nvg;

/// <summary>One image that is asked for.</summary>
/// <param name="Class">Number of its class.</param>
/// <param name="Seed">Decides, with class, settings and what is given, the whole image.</param>
public sealed record ImageRequest(int Class, ulong Seed)
{
    /// <summary>What is given of its sequence, or null for nothing.</summary>
    public PartialSequence? Given { get; init; }

    /// <summary>An image that stays as it is away from a region, or null.</summary>
    public KeptSurroundings? Surroundings { get; init; }

    /// <summary>Another class or seed that it lies on the way to, or null.</summary>
    public Interpolation? Interpolation { get; init; }

    /// <summary>Settings of its own, or null for the request's.</summary>
    public SamplingOptions? Options { get; init; }

    /// <summary>What tells it from others of its class and seed, as it stands in file names; null for nothing.</summary>
    public string? Variant { get; init; }

    /// <summary>The class that it starts from; at the end of a way that is the other.</summary>
    internal int StartClass => Interpolation is { Class: { } other, Share: 1 } ? other : Class;

    /// <summary>The class that its embedding goes to.</summary>
    internal int EndClass => Interpolation?.Class ?? Class;

    /// <summary>The share of the way between both classes.</summary>
    internal double ClassShare => Interpolation is { Class: not null, Share: var share and < 1 } ? share : 0;

    /// <summary>The seed that its noise goes to, and the share of the way.</summary>
    internal (ulong Seed, double Share) NoiseTowards => Interpolation is { Seed: { } other, Share: var share } ? (other, share) : (Seed, 0);
}
