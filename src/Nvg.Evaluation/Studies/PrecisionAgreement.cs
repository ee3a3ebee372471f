using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Evaluation.Studies;

/// <summary>
/// Effect of computing in another precision, or of distilling a model. At every stage of generated images, a second copy of the model gets
/// the same canvas, structure map and random numbers, and its tokens and splits are compared; finally both decode the same canvas.
/// </summary>
/// <param name="StageTokens">Share of equal tokens per stage.</param>
/// <param name="StageBestTokens">Share of clusters with the same most likely token, per stage.</param>
/// <param name="StageSplits">Share of positions on the same side of the split, for each stage that the flow splits.</param>
/// <param name="DecodedPsnr">Mean PSNR in dB between the images that the two decoders produce from the same tokens.</param>
/// <param name="WorstDecodedPsnr">The lowest of these PSNR values.</param>
public sealed record PrecisionAgreement(
    IReadOnlyList<double> StageTokens, IReadOnlyList<double> StageBestTokens, IReadOnlyList<double> StageSplits, double DecodedPsnr,
    double WorstDecodedPsnr)
{
    /// <summary>Compares two copies of a model on images of all classes in turn.</summary>
    /// <param name="reference">Generates the images; borrowed.</param>
    /// <param name="other">The same weights in another precision, or a model that was distilled from the reference; borrowed.</param>
    /// <param name="images">Number of images; their seeds are 0, 1, …</param>
    /// <param name="options">Sampling options.</param>
    /// <param name="progress">Receives the number of images done, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    public static PrecisionAgreement Measure(
        NvgModel reference, NvgModel other, int images, SamplingOptions options, IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(images, 1);
        LatentGrid grid = reference.GeneratorConfig.Grid;
        GeneratorConfig config = reference.GeneratorConfig;
        var otherSampler = new NvgSampler(other.SamplingGenerator, other.Tokenizer.Quantizer);
        double[] tokens = new double[grid.StageCount], best = new double[grid.StageCount], splits = new double[config.StructureStageCount];
        var decoded = new List<double>();
        for (int image = 0; image < images; image++)
        {
            using var imageScope = new TensorScope();
            void Compare(StageResult stage)
            {
                using var scope = new TensorScope();
                StageContent content = otherSampler.SampleContent(stage.Context);
                tokens[stage.Stage] += Same(content.Tokens_BN, stage.Tokens_BN);
                best[stage.Stage] += Same(content.Logits_RNV!.ArgMax(-1), stage.Logits_RNV!.ArgMax(-1));
                if (stage.Stage >= splits.Length)
                    return;
                StageSplit split = otherSampler.SampleStructure(stage.Context with { Canvas_BLC = stage.Canvas_BLC });
                splits[stage.Stage] += Same(split.Labels_BL, stage.NextLabels_BL!);
            }

            using SampledBatch sampled = reference.Sample(
                [new ImageRequest(image % config.ClassCount, (ulong)image)], options, Compare, cancellation);
            using (Tensor first = reference.Tokenizer.Decode(sampled.Canvas_BLC))
            using (Tensor second = other.Tokenizer.Decode(sampled.Canvas_BLC))
            {
                using var scope = new TensorScope();
                // Pixel values are in [−1, 1]: a range of 2.
                decoded.Add(10 * Math.Log10(4 / Math.Max((first - second).Square().Mean().Item(), 1e-12)));
            }

            progress?.Report(image + 1);
        }

        return new PrecisionAgreement(Mean(tokens, images), Mean(best, images), Mean(splits, images), decoded.Average(), decoded.Min());
    }

    private static double Same(Tensor left, Tensor right)
    {
        using Tensor equal = left.IsEqual(right);
        using Tensor numbers = equal.To(ScalarType.Float32);
        using Tensor mean = numbers.Mean();
        return mean.Item();
    }

    private static double[] Mean(double[] sums, int count) => Array.ConvertAll(sums, s => s / count);
}
