using Nvg.Data.Loading;
using Nvg.Evaluation.TokenizerQuality;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Evaluation.Tests.TokenizerQuality;

[Collection(RunsAlone.Name), NoTensorLeaks]
public class TokenizerEvaluationTests
{
    private const string GreyPng = "iVBORw0KGgoAAAANSUhEUgAAAAgAAAAICAAAAADhZOFXAAAADklEQVR42mOIggIGyhgAKnUWgcFc614AAAAASUVORK5CYII=";

    private static readonly LatentGrid Grid = Tiny.TokenizerSizes.Grid;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(16)]
    public void Run_Images_EqualsReconstruction(int batch)
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        SquareEntry[] entries = Entries(7);
        ReconstructedImage[] expected = Reconstruction.Run(tokenizer, [.. entries.Select(e => e.Read())]);
        using var network = new ColourFeatures();
        TokenizerReport report = TokenizerEvaluation.Run(
            tokenizer, entries, 7, new TokenizerEvaluationOptions { Batch = batch, Ranked = 2, Network = network });
        Assert.Equal(expected.Average(p => p.Psnr), report.Quality.Psnr, 1e-6);
        Assert.Equal(expected.Average(p => p.Ssim), report.Quality.Ssim, 1e-6);
        Assert.Equal(expected.Average(
            p => p.Original.Pixels.Zip(p.Image.Pixels, (a, b) => Math.Abs(a - b)).Average() / 255), report.Quality.L1, 1e-9);
        Assert.Equal(report.Quality, report.Stages[^1].Quality);
        int[] byPsnr = [.. Enumerable.Range(0, 7).OrderByDescending(i => expected[i].Psnr)];
        Assert.Equal(byPsnr.Take(2).Select(i => $"{i}"), report.Best.Select(p => p.Name));
        Assert.Equal(byPsnr.Reverse().Take(2).Select(i => $"{i}"), report.Worst.Select(p => p.Name));
        Assert.Equal(
            ["Fréchet distance (features of colours) of reconstructions",
            "Fréchet distance (spatial features of colours) of reconstructions"], report.Distances.Select(d => d.Name));
        Assert.True(report.Distances[0].Value > 0);
    }

    [Fact]
    public void Run_Stages_CountTokensAndCodes()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        SquareEntry[] entries = Entries(5);
        TokenizerReport report = TokenizerEvaluation.Run(tokenizer, entries, 5, new TokenizerEvaluationOptions { Stages = false });
        Assert.Equal(Enumerable.Range(0, Grid.StageCount).Select(i => (2 << i) - 1), report.Stages.Select(s => s.Tokens));
        Assert.Equal(report.Stages[^1].Tokens * 4.0, report.Stages[^1].Bits);
        Assert.All(report.Stages.SkipLast(1), s => Assert.Null(s.Quality));
        using Tensor images = ImageTensor.Load([.. entries.Select(e => e.Read())]);
        using GranularitySequence sequence = tokenizer.Encode(images);
        long[][] codes = [.. sequence.Content.Select(c => c.ToArray<long>())];
        Assert.Equal(codes.Select(c => c.Distinct().Count() / 16.0), report.Stages.Select(s => s.CodebookUsage));
        Assert.Equal(codes.SelectMany(c => c).Distinct().Count() / 16.0, report.CodebookUsage);
    }

    [Fact]
    public void Perplexity_EvenAndSingleCodes_IsTheirNumber()
    {
        // Stage 0 always the same code, stage 1 each of four equally often.
        var grid = new LatentGrid(1, 2);
        using var scope = new TensorScope();
        using var sequence = new GranularitySequence(
            grid, Tensor.From([0L, 0, 0, 1, 0, 0, 0, 1], 2, 2, 2), [Tensor.From([5L, 5], 2, 1), Tensor.From([0L, 1, 2, 3], 2, 2)]);
        var usage = new CodebookUsage(2, 8);
        Assert.Equal(0, usage.Perplexity());
        usage.Add(sequence);
        usage.Add(sequence);
        Assert.Equal((1, 4), (
            usage.Perplexity(0), usage.Perplexity(1)), (a, b) => Math.Abs(a.Item1 - b.Item1) + Math.Abs(a.Item2 - b.Item2) < 1e-12);
        Assert.Equal((0.125, 0.5, 0.625), (usage.Usage(0), usage.Usage(1), usage.Usage()));
        // Entropy of (⅓, ⅙, ⅙, ⅙, ⅙).
        Assert.Equal(Math.Exp(Math.Log(3) / 3 + 4 * Math.Log(6) / 6), usage.Perplexity(), 1e-12);
    }

    [Fact]
    public void Run_OneImage_IsRefused()
    {
        using Tokenizer tokenizer = Tiny.Tokenizer();
        Assert.Throws<NvgDataException>(() => TokenizerEvaluation.Run(tokenizer, Entries(1), 1, new TokenizerEvaluationOptions()));
    }

    [Fact]
    public void Run_ImagesOfOtherSizesAndGrey_AreCountedAndSaid()
    {
        using var folder = new TemporaryFolder();
        ImageFile.Write(folder["p/0.png"], new RgbImage(8, 8));
        ImageFile.Write(folder["p/1.png"], new RgbImage(12, 8));
        ImageFile.Write(folder["p/2.png"], new RgbImage(16, 16));
        // A grey PNG of 8 × 8 with one channel.
        folder.Write("p/3.png", Convert.FromBase64String(GreyPng));
        using Tokenizer tokenizer = Tiny.Tokenizer();
        TokenizerReport report = TokenizerEvaluation.Run(
            tokenizer, SquareSource.Entries([folder["p"]], 8), 4, new TokenizerEvaluationOptions());
        Assert.Equal((4, 2, 1), (report.Count, report.Resized, report.Grey));
        Assert.Contains(report.Notes, n => n.EndsWith("were not 8 × 8: 2", StringComparison.Ordinal));
        Assert.Contains(report.Notes, n => n.EndsWith("three equal channels: 1", StringComparison.Ordinal));
        TokenizerReport plain = TokenizerEvaluation.Run(tokenizer, Entries(3), 3, new TokenizerEvaluationOptions());
        Assert.Equal((0, 0), (plain.Resized, plain.Grey));
        Assert.DoesNotContain(plain.Notes, n => n.Contains("were", StringComparison.Ordinal));
    }

    private static SquareEntry[] Entries(int count) => [.. Enumerable.Range(0, count).Select(i => new SquareEntry($"{i}", () =>
    {
        var image = new RgbImage(8, 8);
        new Random(i).NextBytes(image.Pixels);
        // Some easier than others.
        for (int p = 0; p < image.Pixels.Length; p++)
            image.Pixels[p] = (byte)(128 + (image.Pixels[p] - 128) * (i + 1) / (count + 1));
        return image;
    }))];
}
