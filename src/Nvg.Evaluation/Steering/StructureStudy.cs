using System.Diagnostics;
using Nvg.Conditioning;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Evaluation.Steering;

/// <summary>
/// Compares strategies for structure construction, with the codebook and decoder of one tokenizer and the same number of tokens.
/// </summary>
public static class StructureStudy
{
    /// <summary>Measures one strategy.</summary>
    /// <param name="tokenizer">Borrowed. The strategy that it was trained with has an advantage.</param>
    /// <param name="images">Images of the tokenizer's size.</param>
    /// <param name="strategy">Borrowed.</param>
    /// <param name="batch">Images per batch.</param>
    /// <param name="cancellation">Checked before every batch.</param>
    /// <returns>Quality of stages 0…K, and the strategy's seconds per image.</returns>
    public static (IReadOnlyList<StructureQuality> Stages, double Seconds) Measure(
        Tokenizer tokenizer, IReadOnlyList<RgbImage> images, IStructureStrategy strategy, int batch = 16,
        CancellationToken cancellation = default)
    {
        using InferenceMode inference = Autograd.Inference();
        LatentGrid grid = tokenizer.Config.Grid;
        double[] within = new double[grid.StageCount], edges = new double[grid.StageCount], psnr = new double[grid.StageCount];
        double seconds = 0;
        foreach (RgbImage[] part in images.Chunk(batch))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = new TensorScope();
            Tensor part_BCHW = ImageTensor.Load(part, tokenizer.Quantizer.Codebook.Device);
            Tensor latent_BLC = Positions.FromMap(tokenizer.Encoder.Forward(part_BCHW));
            long start = Stopwatch.GetTimestamp();
            Tensor structure_BSL = strategy.Build(latent_BLC, part_BCHW, grid);
            seconds += Stopwatch.GetElapsedTime(start).TotalSeconds;
            using GranularitySequence sequence = tokenizer.Quantizer.Quantize(latent_BLC, structure_BSL.To(latent_BLC.Device));
            Tensor canvases = tokenizer.Quantizer.Canvases(sequence);
            PartialSequence[] maps = PartialSequence.FromBatch(sequence);
            for (int i = 0; i < grid.StageCount; i++)
            {
                within[i] += WithinVariance(latent_BLC, sequence, i);
                RgbImage[] decoded = ImageTensor.ToImages(tokenizer.Decode(canvases.Select(1, i + 1)));
                for (int b = 0; b < part.Length; b++)
                {
                    psnr[i] += ImageQuality.Psnr(decoded[b], part[b]);
                    edges[i] += EdgeAgreement(maps[b].Labels(i), part[b], grid);
                }
            }
        }

        int count = images.Count;
        IEnumerable<StructureQuality> stages = Enumerable.Range(0, grid.StageCount)
            .Select(i => new StructureQuality(i, within[i] / count, edges[i] / count, psnr[i] / count));
        return ([.. stages], seconds / count);
    }

    /// <summary>Compares pairings of latents with the optimal pairing, on evenly spaced positions of each image.</summary>
    /// <param name="tokenizer">Borrowed.</param>
    /// <param name="images">Images of the tokenizer's size, with at least 16 latent positions.</param>
    /// <param name="cancellation">Checked before every image.</param>
    /// <returns>The excess of the sum of squared distances over the optimum, for greedy pairing and after exchanges.</returns>
    public static MatchingExcess CompareMatching(Tokenizer tokenizer, IReadOnlyList<RgbImage> images,
        CancellationToken cancellation = default)
    {
        const int points = 16;
        using InferenceMode inference = Autograd.Inference();
        double greedy = 0, improved = 0, optimum = 0;
        foreach (RgbImage image in images)
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = new TensorScope();
            Tensor image_BCHW = ImageTensor.Load([image], tokenizer.Quantizer.Codebook.Device);
            Tensor latent_BLC = Positions.FromMap(tokenizer.Encoder.Forward(image_BCHW));
            int length = (int)latent_BLC.Size(1);
            Tensor chosen_PC = latent_BLC.Select(0, 0).Slice(0, 0, length, length / points);
            double[][] values = [.. chosen_PC.ToArray<float>().Select(v => (double)v).Chunk((int)chosen_PC.Size(1))];
            double[,] cost = PairMatching.SquaredDistances(values);
            List<(int First, int Second)> pairs = PairMatching.Greedy(cost);
            greedy += PairMatching.Sum(cost, pairs);
            PairMatching.Improve(cost, pairs);
            improved += PairMatching.Sum(cost, pairs);
            optimum += PairMatching.Optimum(cost);
        }

        return new MatchingExcess(greedy / optimum - 1, improved / optimum - 1);
    }

    /// <summary>Computes <see cref="StructureQuality.EdgeAgreement"/>.</summary>
    internal static double EdgeAgreement(ReadOnlySpan<int> labels, RgbImage image, LatentGrid grid)
    {
        double[][] colours = [.. AreaSampling.ChannelSums(image, grid).Select(sum => (double)sum).Chunk(RgbImage.Channels)];
        var across = new List<double>();
        var inside = new List<double>();
        for (int l = 0; l < grid.Length; l++)
        {
            if (l % grid.Width + 1 < grid.Width)
                (labels[l] == labels[l + 1] ? inside : across).Add(Distance(colours[l], colours[l + 1]));
            if (l + grid.Width < grid.Length)
                (labels[l] == labels[l + grid.Width] ? inside : across).Add(Distance(colours[l], colours[l + grid.Width]));
        }

        // If there are edges of only one kind, there is nothing to compare.
        return across.Count == 0 || inside.Count == 0 ? 0.5
            : across.Average(a => inside.Average(b => a > b ? 1 : a == b ? 0.5 : 0.0));
    }

    private static double WithinVariance(Tensor latent_BLC, GranularitySequence sequence, int stage)
    {
        using var scope = new TensorScope();
        using var clusters = new ClusterMean(sequence.StructureMap(stage), LatentGrid.ClusterCount(stage));
        Tensor left_B = (latent_BLC - clusters.Scatter(clusters.Average(latent_BLC))).Square().Sum(2).Sum(1);
        Tensor all_B = (latent_BLC - latent_BLC.Mean(1, keepDimension: true)).Square().Sum(2).Sum(1);
        return (left_B / all_B.Clamp(1e-12, null)).Sum().Item();
    }

    private static double Distance(double[] a, double[] b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum());
}
