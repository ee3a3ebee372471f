using System.Numerics;

namespace Nvg.Granularity;

/// <summary>
/// The latent positions of one image and the stages that follow from their number: L = Height · Width = 2^K positions in
/// row-major order give stages 0…K, stage i with 2^i clusters of L / 2^i positions each (paper, section 2.1; docs/method.md, section 2).
/// </summary>
public readonly record struct LatentGrid
{
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <exception cref="ArgumentException">Height · Width is not a power of two.</exception>
    public LatentGrid(int height, int width)
    {
        if (height < 1 || width < 1 || !BitOperations.IsPow2((long)height * width))
            throw new ArgumentException($"a latent of {height} × {width} positions has no stages: their number must be a power of two");
        Height = height;
        Width = width;
    }

    /// <summary>Rows of the latent.</summary>
    public int Height { get; }

    /// <summary>Columns of the latent.</summary>
    public int Width { get; }

    /// <summary>L, the number of positions.</summary>
    public int Length => Height * Width;

    /// <summary>K, the number of the last stage: there every position is a cluster of its own.</summary>
    public int LastStage => BitOperations.Log2((uint)Length);

    /// <summary>K + 1.</summary>
    public int StageCount => LastStage + 1;

    /// <summary>For messages: height × width.</summary>
    public override string ToString() => $"{Height} × {Width}";

    /// <summary>n_i = 2^i, the number of distinct tokens of a stage.</summary>
    public static int ClusterCount(int stage) => 1 << stage;

    /// <summary>2^(i + 1) − 1, the number of distinct tokens of a stage and all before it.</summary>
    public static int TokenCount(int stage) => 2 * ClusterCount(stage) - 1;

    /// <summary>L / 2^i, the number of positions that share a token in a stage.</summary>
    public int ClusterSize(int stage) => Length >> stage;
}
