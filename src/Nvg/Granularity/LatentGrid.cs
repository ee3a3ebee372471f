using System.Numerics;

namespace Nvg.Granularity;

/// <summary>
/// The grid of latent positions and the stages that its size determines: L = Height · Width = 2^K positions in row-major
/// order give stages 0…K, where stage i has 2^i clusters of L / 2^i positions (paper, section 2.1; docs/method.md, section 2).
/// </summary>
public readonly record struct LatentGrid
{
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <exception cref="ArgumentException">Height · Width is not a power of two.</exception>
    public LatentGrid(int height, int width)
    {
        if (height < 1 || width < 1 || !BitOperations.IsPow2((long)height * width))
            throw new ArgumentException($"a latent grid of {height} × {width} is invalid: height × width must be a power of two");
        Height = height;
        Width = width;
    }

    /// <summary>Rows of the latent.</summary>
    public int Height { get; }

    /// <summary>Columns of the latent.</summary>
    public int Width { get; }

    /// <summary>Number of positions (L).</summary>
    public int Length => Height * Width;

    /// <summary>Index of the last stage (K), in which every position is its own cluster.</summary>
    public int LastStage => BitOperations.Log2((uint)Length);

    /// <summary>Number of stages (K + 1).</summary>
    public int StageCount => LastStage + 1;

    /// <summary>Height × width, for messages.</summary>
    public override string ToString() => $"{Height} × {Width}";

    /// <summary>Number of clusters of a stage (n_i = 2^i), which is also the number of its distinct tokens.</summary>
    public static int ClusterCount(int stage) => 1 << stage;

    /// <summary>Number of distinct tokens of a stage and all stages before it, 2^(i + 1) − 1.</summary>
    public static int TokenCount(int stage) => 2 * ClusterCount(stage) - 1;

    /// <summary>Number of positions in each cluster of a stage, L / 2^i.</summary>
    public int ClusterSize(int stage) => Length >> stage;
}
