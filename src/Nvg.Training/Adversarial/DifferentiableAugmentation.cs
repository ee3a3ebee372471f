using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Adversarial;

/// <summary>
/// DiffAug (Zhao et al. 2020): real and fake images are shifted, recoloured and partly covered before the discriminator
/// sees them; gradients pass through. Numbers are the published ones: shifts up to 12.5 %, squares of 20 %.
/// </summary>
/// <remarks>Shapes: N images; draws are uniform in [0, 1): one of 3 numbers per batch, seven per image.</remarks>
internal static class DifferentiableAugmentation
{
    /// <summary>The farthest that an image moves, as a share of its side.</summary>
    internal const double LargestShift = 0.125;

    /// <summary>The side of the square that is covered, as a share of the image's.</summary>
    internal const double CoveredShare = 0.2;

    /// <summary>Augments a batch.</summary>
    /// <param name="images_NCHW">The images.</param>
    /// <param name="probability">Of each of the three kinds, for the whole batch.</param>
    /// <param name="choice">Decides which kinds take part.</param>
    /// <param name="share">Which of a batch the images are.</param>
    /// <param name="random">Draws the rest, for the whole batch.</param>
    internal static Tensor Apply(Tensor images_NCHW, double probability, HostRandom choice, BatchShare share, RandomGenerator random)
    {
        (bool shift, bool colour, bool cover) = (choice.Next() <= probability, choice.Next() <= probability, choice.Next() <= probability);
        if (!shift && !colour && !cover)
            return images_NCHW.Alias();
        using Tensor all_7B11 = Tensor.Rand([7, share.Total, 1, 1], random);
        using Tensor draws_7N11 = all_7B11.Narrow(1, share.Start, share.Count);
        return Apply(images_NCHW, shift, colour, cover, draws_7N11);
    }

    /// <summary>Augments a batch by given draws.</summary>
    internal static Tensor Apply(Tensor images_NCHW, bool shift, bool colour, bool cover, Tensor draws_7N11)
    {
        using var scope = new TensorScope();
        Tensor x_NCHW = images_NCHW.To(ScalarType.Float32);
        if (shift)
            x_NCHW = Shift(x_NCHW, draws_7N11.Select(0, 0), draws_7N11.Select(0, 1));
        if (colour)
            x_NCHW = Recolour(x_NCHW, draws_7N11.Select(0, 2).Unsqueeze(3), draws_7N11.Select(0, 3).Unsqueeze(3), draws_7N11.Select(0, 4).Unsqueeze(3));
        if (cover)
            x_NCHW *= Uncovered(x_NCHW, draws_7N11.Select(0, 5), draws_7N11.Select(0, 6));
        return scope.Keep(x_NCHW.Alias());
    }

    // Black comes in from outside.
    private static Tensor Shift(Tensor x_NCHW, Tensor rowDraw_N11, Tensor columnDraw_N11)
    {
        long height = x_NCHW.Size(2), width = x_NCHW.Size(3);
        Tensor padded_NHWC = Functional.PadZeros(x_NCHW, 1, 1, 1, 1).Permute(0, 2, 3, 1);
        Tensor row_NH1 = (Counted(height, x_NCHW.Device).Reshape(1, -1, 1) + Steps(rowDraw_N11, height) + 1L).Clamp(0, height + 1).To(ScalarType.Int64);
        Tensor column_N1W = (Counted(width, x_NCHW.Device).Reshape(1, 1, -1) + Steps(columnDraw_N11, width) + 1L).Clamp(0, width + 1).To(ScalarType.Int64);
        return padded_NHWC.Index(Images(x_NCHW), row_NH1, column_N1W).Permute(0, 3, 1, 2);

        static Tensor Steps(Tensor draw_N11, long side)
        {
            long most = (long)Math.Round(side * LargestShift);
            return (draw_N11 * (double)(2 * most + 1)).Floor().To(ScalarType.Int64) - most;
        }
    }

    // Brightness ± 0.5, saturation × 0 … 2, contrast × 0.5 … 1.5.
    private static Tensor Recolour(Tensor x_NCHW, Tensor brightness_N111, Tensor saturation_N111, Tensor contrast_N111)
    {
        Tensor bright = x_NCHW + (brightness_N111 - 0.5);
        Tensor grey = bright.Mean([1], keepDimension: true);
        Tensor saturated = (bright - grey) * (saturation_N111 * 2) + grey;
        Tensor mean = saturated.Mean([1, 2, 3], keepDimension: true);
        return (saturated - mean) * (contrast_N111 + 0.5) + mean;
    }

    // Zero inside a rectangle of every image, which may reach over the edge, else one: N × 1 × H × W.
    private static Tensor Uncovered(Tensor x_NCHW, Tensor rowDraw_N11, Tensor columnDraw_N11)
    {
        using GradMode noGrad = Autograd.NoGrad();
        Tensor row_NH = Inside(x_NCHW.Size(2), rowDraw_N11), column_NW = Inside(x_NCHW.Size(3), columnDraw_N11);
        return (1.0 - row_NH.Unsqueeze(2) * column_NW.Unsqueeze(1)).Unsqueeze(1);

        // Positions clamped to the edge stay covered there, as in the published code: the edge pixel belongs to every
        // rectangle that reaches over it.
        static Tensor Inside(long side, Tensor draw_N11)
        {
            long covered = (long)(side * CoveredShare + 0.5);
            Tensor centre_N1 = (draw_N11 * (double)(side + (1 - covered % 2))).Floor().Squeeze(2);
            Tensor first_N1 = (centre_N1 - covered / 2).Clamp(0, side - 1), last_N1 = (centre_N1 - covered / 2 + (covered - 1)).Clamp(0, side - 1);
            Tensor place_1S = Counted(side, draw_N11.Device).To(ScalarType.Float32).Unsqueeze(0);
            return first_N1.IsLessOrEqual(place_1S).To(ScalarType.Float32) * place_1S.IsLessOrEqual(last_N1).To(ScalarType.Float32);
        }
    }

    private static Tensor Images(Tensor x_NCHW) => Counted(x_NCHW.Size(0), x_NCHW.Device).Reshape(-1, 1, 1);

    private static Tensor Counted(long count, Device device) => Tensor.Arange(0, count, type: ScalarType.Int64, device: device);
}
