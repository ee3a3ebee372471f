using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Sampling;

namespace Nvg;

/// <summary>A request for one image.</summary>
/// <param name="Class">The class, by name or number.</param>
/// <param name="Seed">The seed. Together with class, settings and given parts, it determines the image.</param>
public sealed record ImageRequest(ImageClass Class, ulong Seed = 0)
{
    /// <summary>
    /// Structure maps of the first stages that the image follows, or null. They take precedence over those of <see cref="Given"/>.
    /// </summary>
    public StructureMap? Structure { get; init; }

    /// <summary>The given part of the image's sequence, or null for nothing.</summary>
    public PartialSequence? Given { get; init; }

    /// <summary>An image that stays unchanged outside a region, or null.</summary>
    public KeptSurroundings? Surroundings { get; init; }

    /// <summary>Interpolation to another class or seed, or null.</summary>
    public Interpolation? Interpolation { get; init; }

    /// <summary>Settings of this image, or null for those of the whole request.</summary>
    public SamplingOptions? Options { get; init; }

    /// <summary>Distinguishes this image from others with the same class and seed in file names, or null.</summary>
    public string? Variant { get; init; }

    /// <summary>Everything that is given: <see cref="Structure"/> and <see cref="Given"/> together, or null.</summary>
    /// <exception cref="ArgumentException">They have different grids or contradict each other.</exception>
    internal PartialSequence? AllGiven => (Structure, Given) switch
    {
        (null, _) => Given,
        (_, null) => Structure.ToSequence(),
        _ => Structure.ToSequence().WithFallback(Given).With(Given.Border),
    };

    /// <summary>The seed that the noise is interpolated towards, and the share.</summary>
    internal (ulong Seed, double Share) NoiseTarget => Interpolation is { Seed: { } other, Share: var share } ? (other, share) : (Seed, 0);

    /// <summary>
    /// The class whose embedding the sampler starts from. For a share of 1, this is the target class itself, without rounding.
    /// </summary>
    /// <param name="number">Number of <see cref="Class"/>.</param>
    internal int StartClass(int number) => Interpolation is { Class: { } other, Share: 1 } ? other : number;

    /// <summary>The class whose embedding is the interpolation target, and the share.</summary>
    /// <param name="number">Number of <see cref="Class"/>.</param>
    internal (int Class, double Share) ClassTarget(int number) =>
        Interpolation is { Class: { } other, Share: var share } ? (other, share < 1 ? share : 0) : (number, 0);
}
