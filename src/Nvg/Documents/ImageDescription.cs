using Nvg.Conditioning;
using Nvg.Configuration;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Documents;

/// <summary>How an image was made, besides its sequence: what an <see cref="ImageDocument"/> stores as text.</summary>
public sealed record ImageDescription
{
    /// <summary>The format that this build writes; it reads earlier ones too.</summary>
    public const int CurrentFormat = 3;

    /// <summary>The first format with a checksum; earlier ones are read without one.</summary>
    public const int FirstCheckedFormat = 2;

    /// <summary>The first format that says "image"; earlier ones say "picture".</summary>
    public const int FirstImageFormat = 3;

    /// <summary>Format of the document.</summary>
    public int Format { get; init; } = CurrentFormat;

    /// <summary>Name of the model.</summary>
    public required string Model { get; init; }

    /// <summary>SHA-256 of its weights, as returned by <see cref="NvgModel.Fingerprint"/>.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>Class number.</summary>
    public required int Class { get; init; }

    /// <summary>Name of the class.</summary>
    public required string Label { get; init; }

    /// <summary>The seed.</summary>
    public required ulong Seed { get; init; }

    /// <summary>Interpolation to another class or seed, or null.</summary>
    [FormerName("towards")]
    public Interpolation? Interpolation { get; init; }

    /// <summary>How the sequence was drawn.</summary>
    public required SamplingOptions Sampling { get; init; }

    /// <summary>How clusters chose their tokens if the token was given at only some of their positions.</summary>
    public BorderRule Border { get; init; }

    /// <summary>Precision of the generators' matrices.</summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Kind of device; other kinds round differently.</summary>
    public DeviceType Device { get; init; } = DeviceType.Cpu;

    /// <summary>Number of images that were computed together; a different number may change the rounding.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Rows of the latent.</summary>
    public required int LatentHeight { get; init; }

    /// <summary>Columns of the latent.</summary>
    public required int LatentWidth { get; init; }

    /// <summary>Codebook size (V); tokens are codebook indices.</summary>
    public required int CodebookSize { get; init; }
}
