using Nvg.Torch;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Adversarial;

/// <summary>
/// Differentiable augmentation (DiffAug, Zhao et al. 2020): real and fake images are translated, recoloured and partly cut out
/// before the discriminator sees them. Constants are the published ones: shifts up to 12.5 %, squares of 20 %.
/// </summary>
/// <remarks>Shapes: N images. Draws are uniform in [0, 1): three per batch, and seven per image.</remarks>
internal static class DifferentiableAugmentation
{
    /// <summary>Largest shift as a fraction of the image side.</summary>
    internal const double LargestShift = 0.125;

    /// <summary>Side of the cutout as a fraction of the image side.</summary>
    internal const double CoveredShare = 0.2;

    /// <summary>Augments a batch.</summary>
    /// <param name="images_NCHW">The images.</param>
    /// <param name="probability">Probability of each of the three kinds of augmentation, for the whole batch.</param>
    /// <param name="choice">Selects the kinds.</param>
    /// <param name="share">The range of the batch that the images come from.</param>
    /// <param name="random">Draws everything else, for the whole batch.</param>
    internal static Tensor Apply(Tensor images_NCHW, double probability, HostRandom choice, BatchShare share, RandomGenerator random)
    {
        (bool shift, bool colour, bool cover) = (choice.Next() <= probability, choice.Next() <= probability, choice.Next() <= probability);
        if (!shift && !colour && !cover)
            return images_NCHW.Alias();
        using Tensor all_7B11 = Tensor.Rand([7, share.Total, 1, 1], random);
        using Tensor draws_7N11 = all_7B11.Narrow(1, share.Start, share.Count);
        return Apply(images_NCHW, shift, colour, cover, draws_7N11);
    }

    /// <summary>Augments a batch with the given draws.</summary>
    internal static Tensor Apply(Tensor images_NCHW, bool shift, bool colour, bool cover, Tensor draws_7N11)
    {
        using var scope = new TensorScope();
        Tensor x_NCHW = images_NCHW.To(ScalarType.Float32);
        if (shift)
            x_NCHW = Shift(x_NCHW, Draw(0), Draw(1));
        if (colour)
            x_NCHW = Recolour(x_NCHW, Draw(2).Unsqueeze(3), Draw(3).Unsqueeze(3), Draw(4).Unsqueeze(3));
        if (cover)
            x_NCHW *= Uncovered(x_NCHW, Draw(5), Draw(6));
        return scope.Keep(x_NCHW.Alias());

        Tensor Draw(int index) => draws_7N11.Select(0, index);
    }

    // Pixels from outside the image are black.
    private static Tensor Shift(Tensor x_NCHW, Tensor rowDraw_N11, Tensor columnDraw_N11)
    {
        long height = x_NCHW.Size(2), width = x_NCHW.Size(3);
        Tensor padded_NHWC = Functional.PadZeros(x_NCHW, 1, 1, 1, 1).Permute(0, 2, 3, 1);
        Tensor row_NH1 = Moved(Counted(height, x_NCHW.Device).Reshape(1, -1, 1), rowDraw_N11, height);
        Tensor column_N1W = Moved(Counted(width, x_NCHW.Device).Reshape(1, 1, -1), columnDraw_N11, width);
        return padded_NHWC.Index(Images(x_NCHW), row_NH1, column_N1W).Permute(0, 3, 1, 2);

        // Indices into the padded image, whose border is black.
        static Tensor Moved(Tensor position, Tensor draw_N11, long side) =>
            (position + Steps(draw_N11, side) + 1L).Clamp(0, side + 1).To(ScalarType.Int64);

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

    // N × 1 × H × W: zero inside one rectangle per image, which may extend over the edge; one elsewhere.
    private static Tensor Uncovered(Tensor x_NCHW, Tensor rowDraw_N11, Tensor columnDraw_N11)
    {
        using GradMode noGrad = Autograd.NoGrad();
        Tensor row_NH = Inside(x_NCHW.Size(2), rowDraw_N11), column_NW = Inside(x_NCHW.Size(3), columnDraw_N11);
        return (1.0 - row_NH.Unsqueeze(2) * column_NW.Unsqueeze(1)).Unsqueeze(1);

        // Positions are clamped to the edge as in the published code, so the edge pixel belongs to every rectangle that
        // extends over it.
        static Tensor Inside(long side, Tensor draw_N11)
        {
            long covered = (long)(side * CoveredShare + 0.5);
            Tensor centre_N1 = (draw_N11 * (double)(side + (1 - covered % 2))).Floor().Squeeze(2);
            Tensor first_N1 = (centre_N1 - covered / 2).Clamp(0, side - 1);
            Tensor last_N1 = (centre_N1 - covered / 2 + (covered - 1)).Clamp(0, side - 1);
            Tensor place_1S = Counted(side, draw_N11.Device).To(ScalarType.Float32).Unsqueeze(0);
            return first_N1.IsLessOrEqual(place_1S).To(ScalarType.Float32) * place_1S.IsLessOrEqual(last_N1).To(ScalarType.Float32);
        }
    }

    private static Tensor Images(Tensor x_NCHW) => Counted(x_NCHW.Size(0), x_NCHW.Device).Reshape(-1, 1, 1);

    private static Tensor Counted(long count, Device device) => Tensor.Arange(0, count, type: ScalarType.Int64, device: device);
}
