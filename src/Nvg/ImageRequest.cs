using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Sampling;

namespace Nvg;

/// <summary>A request for one image.</summary>
/// <param name="Class">Its class, by name or number.</param>
/// <param name="Seed">Together with class, settings and what is given, the seed determines the image.</param>
public sealed record ImageRequest(ImageClass Class, ulong Seed = 0)
{
    /// <summary>
    /// Structure maps of the first stages that the image follows, or null. They take precedence over those of <see cref="Given"/>.
    /// </summary>
    public StructureMap? Structure { get; init; }

    /// <summary>Any part of the image's sequence that is given, or null for nothing.</summary>
    public PartialSequence? Given { get; init; }

    /// <summary>An image that stays unchanged outside a region, or null.</summary>
    public KeptSurroundings? Surroundings { get; init; }

    /// <summary>Interpolation to another class or seed, or null.</summary>
    public Interpolation? Interpolation { get; init; }

    /// <summary>Settings of this image, or null for those of the whole request.</summary>
    public SamplingOptions? Options { get; init; }

    /// <summary>Distinguishes this image from others of its class and seed, in file names; null for nothing.</summary>
    public string? Variant { get; init; }

    /// <summary>Everything that is given: <see cref="Structure"/> and <see cref="Given"/> together, or null.</summary>
    /// <exception cref="ArgumentException">They are of different grids or contradict each other.</exception>
    internal PartialSequence? AllGiven => (Structure, Given) switch
    {
        (null, _) => Given,
        (_, null) => Structure.ToSequence(),
        _ => Structure.ToSequence().WithFallback(Given).With(Given.Border),
    };

    /// <summary>Seed that the noise is interpolated to, and the share.</summary>
    internal (ulong Seed, double Share) NoiseTarget => Interpolation is { Seed: { } other, Share: var share } ? (other, share) : (Seed, 0);

    /// <summary>Class whose embedding the sampler starts from. A share of 1 is the target class itself, without rounding.</summary>
    /// <param name="number">Number of <see cref="Class"/>.</param>
    internal int StartClass(int number) => Interpolation is { Class: { } other, Share: 1 } ? other : number;

    /// <summary>Class whose embedding is interpolated to, and the share.</summary>
    /// <param name="number">Number of <see cref="Class"/>.</param>
    internal (int Class, double Share) ClassTarget(int number) =>
        Interpolation is { Class: { } other, Share: var share } ? (other, share < 1 ? share : 0) : (number, 0);
}
