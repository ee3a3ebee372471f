using Nvg.Conditioning;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// Lets content follow the colours of a drawing. Structure determines which positions belong together, but not which of them are dark.
/// Therefore the first tokens are drawn several times, and the draw whose decoded image best matches the drawing is kept. All draws come
/// from the model's own distribution.
/// </summary>
/// <remarks>Shapes: B images, R of them with colours, L positions, N = 2^i clusters, C latent channels, V codes.</remarks>
/// <param name="quantizer">Turns tokens into contributions to the canvas; borrowed.</param>
/// <param name="decode">Decodes canvases to images in [−1, 1], B × 3 × H × W.</param>
internal sealed class ColourChoice(Quantizer quantizer, Func<Tensor, Tensor> decode)
{
    /// <summary>Number of draws, including the one with the image's own noise.</summary>
    private const int Draws = 16;

    // Later stages have many tokens, so a few draws of all of them differ little.
    private const int LastStage = 2;

    /// <summary>Chooses the tokens to use.</summary>
    /// <param name="stage">The stage. Stage 0 has one cluster and therefore no differences.</param>
    /// <param name="drawn_BN">Tokens drawn with the images' own noise.</param>
    /// <param name="draw">Draws tokens for a subset of the images from uniform numbers, R × N.</param>
    internal Tensor Choose(StageContext stage, Tensor drawn_BN, Func<BatchSubset, Tensor, Tensor> draw)
    {
        if (stage.Stage is 0 or > LastStage || stage.Given?.Coloured(stage.Stage) is not { Length: > 0 } images)
            return drawn_BN.Alias();
        using var scope = new TensorScope();
        var coloured = new BatchSubset(images, stage.Count, stage.Device);
        using ImageNoise noise = stage.Noise.Select(coloured);
        StageContext own = stage.Select(coloured, noise);
        Tensor[] uniform_RN = noise.MoreTokens(stage.Stage, Draws - 1);
        Tensor[] draws_RN = [coloured.Select(drawn_BN), .. uniform_RN.Select(uniform => draw(coloured, uniform))];
        Tensor best_1RN = Best(own, draws_RN).Reshape(1, images.Length, 1).Expand(-1, -1, stage.ClusterCount);
        Tensor chosen_RN = Tensor.Stack(draws_RN, 0).Gather(0, best_1RN.Contiguous()).Select(0, 0);
        return scope.Keep(coloured.Replace(drawn_BN, chosen_RN));
    }

    // Per image, the index of the draw that matches best.
    private Tensor Best(StageContext stage, Tensor[] draws_RN)
    {
        using var scope = new TensorScope();
        Tensor colours_RLC = stage.Given!.Colours(stage.Device);
        Tensor[] scores_R = [.. draws_RN.Select(tokens_RN => Agreement(stage, tokens_RN, colours_RLC))];
        return scope.Keep(Tensor.Stack(scores_R, 0).ArgMax(0));
    }

    private Tensor Agreement(StageContext stage, Tensor tokens_RN, Tensor colours_RLC)
    {
        stage.Cancellation.ThrowIfCancellationRequested();
        using var scope = new TensorScope();
        Tensor canvas_RLC = stage.Canvas_BLC + quantizer.Contribution(stage.Stage, stage.Labels_BL, tokens_RN);
        return scope.Keep((ByPosition(decode(canvas_RLC), stage.Grid) * colours_RLC).Sum(2).Sum(1));
    }

    // The mean colour of each position.
    private static Tensor ByPosition(Tensor images_RCHW, LatentGrid grid)
    {
        using var scope = new TensorScope();
        long height = images_RCHW.Size(2) / grid.Height, width = images_RCHW.Size(3) / grid.Width;
        Tensor mean_RCL = images_RCHW.To(ScalarType.Float32).Contiguous()
            .Reshape(images_RCHW.Size(0), RgbImage.Channels, grid.Height, height, grid.Width, width)
            .Mean([3, 5]).Reshape(images_RCHW.Size(0), RgbImage.Channels, grid.Length);
        return scope.Keep(mean_RCL.Permute(0, 2, 1));
    }
}
