using Nvg.Torch;

namespace Nvg.Granularity.Construction;

/// <summary>
/// Coarse to fine by regions of like colour, which stay together as far as equal halves let them (<see cref="RegionHalving"/>). Positions of
/// one region are halved by their place along the direction in which their latents vary most.
/// </summary>
/// <param name="scale">See <see cref="ColourSegmentation"/>.</param>
internal sealed class SegmentationStrategy(double scale) : IStructureStrategy
{
    private const int PowerSteps = 20;

    public Tensor Build(Tensor points_BLC, Tensor images_BCHW, LatentGrid grid)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        int batch = (int)points_BLC.Size(0), channels = (int)points_BLC.Size(2), height = (int)images_BCHW.Size(2), width = (int)images_BCHW.Size(3);
        float[] points = points_BLC.Detach().To(Device.Cpu, ScalarType.Float32).ToArray<float>();
        float[] images = images_BCHW.Detach().To(Device.Cpu, ScalarType.Float32).ToArray<float>();
        int imageSize = images.Length / batch, latentSize = points.Length / batch;
        var labels = new List<long>(batch * grid.StageCount * grid.Length);
        for (int b = 0; b < batch; b++)
        {
            int[] pixels = ColourSegmentation.Regions(images.AsSpan(b * imageSize, imageSize), height, width, scale);
            float[] latent = points[(b * latentSize)..((b + 1) * latentSize)];
            int[] regions = RegionMajority.Of(pixels, width, height, grid);
            foreach (int[] map in RegionHalving.Build(regions, grid, grid.StageCount, positions => AlongMainDirection(positions, latent, channels)))
                labels.AddRange(map.Select(label => (long)label));
        }

        return scope.Keep(Tensor.From(labels.ToArray(), batch, grid.StageCount, grid.Length));
    }

    public void Dispose()
    {
    }

    // The first principal axis by power iteration from the deviation of the position that deviates most.
    private static IEnumerable<int> AlongMainDirection(int[] positions, float[] latent, int channels)
    {
        double[] mean = [.. Enumerable.Range(0, channels).Select(c => positions.Average(l => (double)latent[l * channels + c]))];
        double[][] deviations = [.. positions.Select(l => mean.Select((m, c) => latent[l * channels + c] - m).ToArray())];
        double[] axis = deviations.MaxBy(d => d.Sum(x => x * x))!;
        for (int step = 0; step < PowerSteps; step++)
        {
            double[] next = new double[channels];
            foreach (double[] deviation in deviations)
            {
                double along = Dot(deviation, axis);
                for (int c = 0; c < channels; c++)
                    next[c] += along * deviation[c];
            }

            double length = Math.Sqrt(Dot(next, next));
            if (length < 1e-20)
                break;
            axis = Array.ConvertAll(next, x => x / length);
        }

        // An axis has no sign of its own: the lowest position lies on the side of child 2j.
        double sign = Dot(deviations[0], axis) > 0 ? -1 : 1;
        return positions.Select((l, i) => (Position: l, Along: sign * Dot(deviations[i], axis))).OrderBy(p => p.Along).ThenBy(p => p.Position).Select(p => p.Position);
    }

    private static double Dot(double[] a, double[] b)
    {
        double sum = 0;
        for (int c = 0; c < a.Length; c++)
            sum += a[c] * b[c];
        return sum;
    }
}
