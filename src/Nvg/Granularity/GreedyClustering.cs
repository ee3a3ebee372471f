using System.Numerics;
using Nvg.Torch;

namespace Nvg.Granularity;

/// <summary>
/// Managed counterpart of the kernel <c>nvg::greedy_clustering</c>: the closest two clusters of a level are joined until none remain, ties
/// go to the first pair in row-major order, and the m-th pair becomes cluster m of the next level.
/// </summary>
/// <remarks>
/// As in the kernel, distances are compared as float32 sums, accumulated over the channels in order with fused multiply-add.
/// </remarks>
internal static class GreedyClustering
{
    // Exponent of the largest scaled magnitude. With it, both the squares of large values and small values fit float32.
    private const int TargetExponent = 50;

    /// <summary>Clusters every image of a batch.</summary>
    /// <param name="points_BLC">Float32 on the CPU, L a power of two; borrowed.</param>
    /// <returns>Labels of all stages, B × (K + 1) × L, 64-bit.</returns>
    /// <exception cref="TorchException">The shape is wrong, or a value is not finite.</exception>
    internal static Tensor Cluster(Tensor points_BLC)
    {
        if (points_BLC.Rank != 3 || !BitOperations.IsPow2(points_BLC.Size(1)) || points_BLC.Size(2) < 1)
            throw new TorchArgumentException($"greedy clustering: {points_BLC} is not batch × a power of two × channels");
        int batch = (int)points_BLC.Size(0), length = (int)points_BLC.Size(1), channels = (int)points_BLC.Size(2);
        int stages = BitOperations.Log2((uint)length) + 1;
        float[] points = points_BLC.ToArray<float>();
        long[] labels = new long[batch * stages * length];
        float[][] images =
            [.. Enumerable.Range(0, batch).Select(b => Scaled(points.AsSpan(b * length * channels, length * channels), b))];
        Parallel.For(0, batch, b =>
            WriteLabels(Joins(images[b], length, channels), length, labels.AsSpan(b * stages * length, stages * length)));
        return Tensor.From(labels, batch, stages, length);
    }

    // A power of two brings the largest magnitude near 2^50; scaling by it is exact.
    private static float[] Scaled(ReadOnlySpan<float> points, int image)
    {
        float largest = 0;
        foreach (float point in points)
        {
            if (!float.IsFinite(point))
                throw new TorchArgumentException($"greedy clustering: image {image} has an infinite or NaN value");
            largest = MathF.Max(largest, MathF.Abs(point));
        }

        float scale = largest == 0 ? 1 : MathF.ScaleB(1, Math.Min(TargetExponent - MathF.ILogB(largest), 127));
        float[] scaled = new float[points.Length];
        for (int i = 0; i < scaled.Length; i++)
            scaled[i] = points[i] * scale;
        return scaled;
    }

    // The pairs of every level, from the single positions up.
    private static List<(int First, int Second)[]> Joins(float[] means, int length, int channels)
    {
        var levels = new List<(int First, int Second)[]>();
        for (int clusters = length; clusters > 1; clusters /= 2)
        {
            (int First, int Second)[] pairs = Match(means, clusters, channels);
            levels.Add(pairs);
            float[] joined = new float[pairs.Length * channels];
            for (int m = 0; m < pairs.Length; m++)
            {
                for (int c = 0; c < channels; c++)
                    joined[m * channels + c] = 0.5f * (means[pairs[m].First * channels + c] + means[pairs[m].Second * channels + c]);
            }

            means = joined;
        }

        return levels;
    }

    // Every row keeps its nearest column to the right. Joined clusters can only increase a row's minimum, so the smallest entry is either
    // the next pair or a row whose nearest column is gone, which is scanned again.
    private static (int First, int Second)[] Match(float[] means, int clusters, int channels)
    {
        float[] distances = Distances(means, clusters, channels);
        bool[] joined = new bool[clusters];
        var nearest = new (float Distance, int Column)[clusters];
        for (int i = 0; i < clusters; i++)
            nearest[i] = Nearest(distances, joined, i);
        var pairs = new (int First, int Second)[clusters / 2];
        for (int m = 0; m < pairs.Length;)
        {
            int row = FirstSmallest(nearest, joined);
            int column = nearest[row].Column;
            if (joined[column])
            {
                nearest[row] = Nearest(distances, joined, row);
                continue;
            }

            pairs[m++] = (row, column);
            joined[row] = joined[column] = true;
        }

        return pairs;
    }

    private static float[] Distances(float[] means, int clusters, int channels)
    {
        float[] distances = new float[clusters * clusters];
        for (int i = 0; i < clusters; i++)
        {
            for (int j = i + 1; j < clusters; j++)
            {
                float sum = 0;
                for (int c = 0; c < channels; c++)
                {
                    float difference = means[j * channels + c] - means[i * channels + c];
                    sum = MathF.FusedMultiplyAdd(difference, difference, sum);
                }

                distances[i * clusters + j] = sum;
            }
        }

        return distances;
    }

    private static (float Distance, int Column) Nearest(float[] distances, bool[] joined, int row)
    {
        (float Distance, int Column) nearest = (float.PositiveInfinity, -1);
        for (int j = row + 1; j < joined.Length; j++)
        {
            float distance = distances[row * joined.Length + j];
            if (!joined[j] && (nearest.Column < 0 || distance < nearest.Distance))
                nearest = (distance, j);
        }

        return nearest;
    }

    private static int FirstSmallest((float Distance, int Column)[] nearest, bool[] joined)
    {
        int found = -1;
        for (int i = 0; i < nearest.Length; i++)
        {
            if (!joined[i] && nearest[i].Column >= 0 && (found < 0 || nearest[i].Distance < nearest[found].Distance))
                found = i;
        }

        return found;
    }

    // From the root down: the first member of a pair has the smaller number and gets the even label.
    private static void WriteLabels(List<(int First, int Second)[]> levels, int length, Span<long> labels)
    {
        int[] order = [0];
        for (int level = levels.Count - 1; level >= 0; level--)
        {
            int[] next = new int[2 * order.Length];
            for (int m = 0; m < order.Length; m++)
            {
                next[levels[level][m].First] = 2 * order[m];
                next[levels[level][m].Second] = 2 * order[m] + 1;
            }

            order = next;
        }

        for (int stage = 0; stage <= levels.Count; stage++)
        {
            for (int l = 0; l < length; l++)
                labels[stage * length + l] = order[l] >> (levels.Count - stage);
        }
    }
}
