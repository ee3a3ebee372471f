using Nvg.Torch;

namespace Nvg.Evaluation.Features;

/// <summary>Prepares images of any size for Inception-2015.</summary>
internal static class InceptionInput
{
    internal const int Side = 299;

    private static readonly Operator BilinearOp = new("aten::upsample_bilinear2d");

    /// <summary>Description of a resize for reports.</summary>
    internal static string Describe(ImageResize resize) => resize switch
    {
        ImageResize.TensorFlow1 => "tf1: TensorFlow 1 bilinear to 299 × 299, (x − 128) / 128",
        ImageResize.Clean => "clean: antialiased bicubic to 299 × 299, (x − 128) / 128",
        ImageResize.PyTorch => "pytorch: PyTorch bilinear to 299 × 299, 2 x / 255 − 1",
        _ => throw new ArgumentOutOfRangeException(nameof(resize), resize, null),
    };

    /// <summary>Converts uint8 N × H × W × 3 to float32 N × 3 × 299 × 299, on the same device.</summary>
    internal static Tensor Prepare(Tensor images_NHWC, ImageResize resize)
    {
        using var scope = new TensorScope();
        Tensor pixels_NCHW = images_NHWC.Permute(0, 3, 1, 2).To(ScalarType.Float32).Contiguous();
        Tensor input_NCHW = resize switch
        {
            ImageResize.TensorFlow1 => (Bilinear(pixels_NCHW, Side) - 128.0) / 128,
            ImageResize.Clean => (Bicubic(pixels_NCHW, Side).Clamp(0, 255) - 128.0) / 128,
            ImageResize.PyTorch =>
                BilinearOp.Call(pixels_NCHW / 255, new long[] { Side, Side }, false, Argument.None, Argument.None) * 2 - 1.0,
            _ => throw new ArgumentOutOfRangeException(nameof(resize), resize, null),
        };
        return scope.Keep(input_NCHW);
    }

    /// <summary>Resizes as in TensorFlow 1: interpolates at index · in / out between that pixel and the next.</summary>
    internal static Tensor Bilinear(Tensor pixels_NCHW, int side)
    {
        using var scope = new TensorScope();
        Tensor columns = Interpolate(pixels_NCHW, 3, side);
        return scope.Keep(Interpolate(columns, 2, side));
    }

    /// <summary>Resizes as in the Python Imaging Library: Keys' cubic kernel (a = −½), widened when images shrink; columns first.</summary>
    internal static Tensor Bicubic(Tensor pixels_NCHW, int side)
    {
        using var scope = new TensorScope();
        Tensor columns = pixels_NCHW.Matmul(CubicWeights((int)pixels_NCHW.Size(3), side).To(pixels_NCHW.Device).Transpose(0, 1));
        return scope.Keep(CubicWeights((int)pixels_NCHW.Size(2), side).To(pixels_NCHW.Device).Matmul(columns));
    }

    private static Tensor Interpolate(Tensor pixels_NCHW, int dimension, int side)
    {
        using var scope = new TensorScope();
        int size = (int)pixels_NCHW.Size(dimension);
        double scale = size / (double)side;
        long[] low = new long[side], high = new long[side];
        float[] share = new float[side];
        for (int i = 0; i < side; i++)
        {
            low[i] = (long)(i * scale);
            high[i] = Math.Min(low[i] + 1, size - 1);
            share[i] = (float)(i * scale - low[i]);
        }

        long[] shape = dimension == 3 ? [1, 1, 1, side] : [1, 1, side, 1];
        Tensor lower = pixels_NCHW.IndexSelect(dimension, Tensor.From(low, side).To(pixels_NCHW.Device));
        Tensor upper = pixels_NCHW.IndexSelect(dimension, Tensor.From(high, side).To(pixels_NCHW.Device));
        return scope.Keep(lower + (upper - lower) * Tensor.From(share, shape).To(pixels_NCHW.Device));
    }

    private static Tensor CubicWeights(int size, int side)
    {
        double scale = size / (double)side, width = Math.Max(scale, 1), support = 2 * width;
        float[] weights = new float[side * size];
        for (int i = 0; i < side; i++)
        {
            double centre = (i + 0.5) * scale;
            int from = Math.Max(0, (int)(centre - support + 0.5)), to = Math.Min(size, (int)(centre + support + 0.5));
            double[] taps = [.. Enumerable.Range(from, to - from).Select(x => Cubic((x - centre + 0.5) / width))];
            double sum = taps.Sum();
            for (int x = from; x < to; x++)
                weights[i * size + x] = (float)(taps[x - from] / sum);
        }

        return Tensor.From(weights, side, size);
    }

    private static double Cubic(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        return x < 1 ? ((a + 2) * x - (a + 3)) * x * x + 1
            : x < 2 ? (((x - 5) * x + 8) * x - 4) * a
            : 0;
    }
}
