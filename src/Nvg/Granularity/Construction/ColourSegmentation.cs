namespace Nvg.Granularity.Construction;

/// <summary>
/// Segments an image into regions of similar colour (Felzenszwalb and Huttenlocher 2004): edges between neighbouring pixels
/// are visited in order of increasing colour difference, and two regions are merged if that difference is at most the largest one inside
/// each region plus an allowance that shrinks with the region's size.
/// </summary>
internal static class ColourSegmentation
{
    private const int AllowanceSize = 100;

    /// <summary>Finds the region of every pixel, identified by the region's lowest pixel index.</summary>
    /// <param name="pixels_CHW">Channels in [−1, 1].</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Columns.</param>
    /// <param name="scale">Allowance for a region of 100 pixels, in 8-bit colour steps.</param>
    internal static int[] Regions(ReadOnlySpan<float> pixels_CHW, int height, int width, double scale)
    {
        int count = height * width, channels = pixels_CHW.Length / count;
        var edges = new List<(double Step, int First, int Second)>(2 * count);
        for (int p = 0; p < count; p++)
        {
            if (p % width + 1 < width)
                edges.Add((Step(pixels_CHW, p, p + 1, count, channels), p, p + 1));
            if (p + width < count)
                edges.Add((Step(pixels_CHW, p, p + width, count, channels), p, p + width));
        }

        edges.Sort();
        int[] root = [.. Enumerable.Range(0, count)], size = [.. Enumerable.Repeat(1, count)];
        double[] allowed = new double[count];
        Array.Fill(allowed, scale * AllowanceSize);
        foreach ((double step, int first, int second) in edges)
        {
            (int a, int b) = (Find(root, first), Find(root, second));
            if (a == b || step > allowed[a] || step > allowed[b])
                continue;
            // The lower pixel index identifies the region, so the numbers do not depend on the merge order.
            (a, b) = (Math.Min(a, b), Math.Max(a, b));
            root[b] = a;
            size[a] += size[b];
            allowed[a] = step + scale * AllowanceSize / size[a];
        }

        return [.. Enumerable.Range(0, count).Select(p => Find(root, p))];
    }

    private static double Step(ReadOnlySpan<float> pixels, int a, int b, int count, int channels)
    {
        double sum = 0;
        for (int c = 0; c < channels; c++)
            sum += Math.Pow((pixels[c * count + a] - pixels[c * count + b]) * 127.5, 2);
        return Math.Sqrt(sum);
    }

    private static int Find(int[] root, int p)
    {
        while (root[p] != p)
            p = root[p] = root[root[p]];
        return p;
    }
}
