namespace Nvg.Var.Tokenizers;

/// <summary>
/// The scales of VAR: an image is described by token maps of increasing side; the last map is as large as the latent. Tokens are stored
/// scale by scale, in row-major order within a scale.
/// </summary>
public sealed class ScaleSequence
{
    private readonly int[] _sides;

    /// <param name="sides">Side of each map, increasing, at least two.</param>
    /// <exception cref="ArgumentException">The sides are not such a list.</exception>
    public ScaleSequence(IReadOnlyList<int> sides)
    {
        if (ProblemWith(sides) is { } problem)
            throw new ArgumentException(problem, nameof(sides));
        _sides = [.. sides];
    }

    /// <summary>Scales of the published models for 256 × 256 images.</summary>
    public static ScaleSequence Published256 { get; } = new([1, 2, 3, 4, 5, 6, 8, 10, 13, 16]);

    /// <summary>Scales of the published model for 512 × 512 images.</summary>
    public static ScaleSequence Published512 { get; } = new([1, 2, 3, 4, 6, 9, 13, 18, 24, 32]);

    /// <summary>Scales that the authors prepared for 1024 × 1024 images.</summary>
    public static ScaleSequence Published1024 { get; } = new([1, 2, 3, 4, 5, 7, 9, 12, 16, 21, 27, 36, 48, 64]);

    /// <summary>Side of every map.</summary>
    public IReadOnlyList<int> Sides => _sides;

    /// <summary>Number of scales (S).</summary>
    public int Count => _sides.Length;

    /// <summary>Index of the last scale, whose map covers the latent.</summary>
    public int Last => _sides.Length - 1;

    /// <summary>Side of the latent (n).</summary>
    public int LatentSide => _sides[^1];

    /// <summary>Number of tokens of an image (L).</summary>
    public int Length => Start(Count);

    /// <summary>Number of tokens of one scale.</summary>
    public int TokenCount(int scale) => _sides[scale] * _sides[scale];

    /// <summary>Number of tokens of all scales before the given one.</summary>
    public int Start(int scale) => _sides.Take(scale).Sum(side => side * side);

    /// <summary>Position of a scale between the first (0) and the last (1).</summary>
    public double Position(int scale) => (double)scale / Last;

    /// <summary>Explains why a list of sides is not a valid sequence of scales; null if it is.</summary>
    public static string? ProblemWith(IReadOnlyList<int> sides) =>
        sides.Count < 2 ? $"scales must name at least two sides, there are {sides.Count}"
        : sides[0] < 1 || sides.Zip(sides.Skip(1)).Any(pair => pair.First >= pair.Second)
            ? $"scales must be positive and increasing, they are {string.Join(", ", sides)}"
        : null;

    /// <summary>The sides, for messages.</summary>
    public override string ToString() => string.Join(' ', _sides);
}
