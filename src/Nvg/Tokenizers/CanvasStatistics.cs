using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>Accumulates the standard deviations of the canvases before each stage and of the final canvas, in float64.</summary>
public sealed class CanvasStatistics
{
    private double[] _sums = [];
    private double[] _squares = [];
    private double _count;

    /// <summary>Adds a batch.</summary>
    /// <param name="canvases_BSLC">From <see cref="Quantizer.Canvases"/>; borrowed.</param>
    public void Add(Tensor canvases_BSLC)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor values = canvases_BSLC.To(ScalarType.Float64);
        double count = (double)canvases_BSLC.ElementCount / canvases_BSLC.Size(1);
        double[] means = values.Mean([0, 2, 3]).ToArray<double>();
        double[] meanSquares = values.Square().Mean([0, 2, 3]).ToArray<double>();
        _sums = Accumulate(_sums, means, count);
        _squares = Accumulate(_squares, meanSquares, count);
        _count += count;
    }

    /// <summary>The standard deviation of the canvas before each stage and, last, of the final canvas: K + 2 values.</summary>
    public double[] StandardDeviations() =>
        [.. _sums.Zip(_squares, (sum, squares) => Math.Sqrt(Math.Max(0, squares / _count - sum / _count * (sum / _count))))];

    private static double[] Accumulate(double[] totals, double[] means, double count) =>
        [.. means.Select((mean, i) => (i < totals.Length ? totals[i] : 0) + mean * count)];
}
