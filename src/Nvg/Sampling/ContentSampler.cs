using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// Draws the content of a stage: the content generator predicts the final canvas, the difference from the current canvas gives each
/// cluster's logits, and one token is drawn per cluster. Given tokens are used unchanged.
/// </summary>
/// <remarks>Shapes: B images, R of them with something to generate, L positions, N = 2^i clusters, V codes.</remarks>
/// <param name="generator">Predicts the final canvas; borrowed.</param>
/// <param name="nullClass">Class of unconditional passes.</param>
internal sealed class ContentSampler(ContentGenerator generator, int nullClass)
{
    /// <summary>Draws the content of a stage from the canvas before it.</summary>
    /// <param name="stage">The stage.</param>
    /// <param name="colours">Lets content follow the colours of drawings; null if it does not.</param>
    internal StageContent Sample(StageContext stage, ColourChoice? colours = null)
    {
        using var scope = new TensorScope();
        GivenValues? given = stage.Given?.Tokens(stage.Stage, stage.Device);
        if (given is { IsComplete: true })
            return new StageContent(null, null, scope.Keep(TokenPerCluster(stage, given.Values_BL)), scope.Keep(given.Values_BL));
        BatchSubset open = stage.Incomplete(given);
        using ImageNoise noise = stage.Noise.Select(open);
        StageContext openStage = stage.Select(open, noise);
        GivenValues? openGiven = given?.Select(open);
        using var clusters = new ClusterMean(openStage.Labels_BL, stage.ClusterCount);
        (Tensor predicted_NLC, Tensor logits_RNV) = Logits(openStage, clusters, openGiven);
        openStage.RequireFinite(logits_RNV, $"content generator in stage {stage.Stage}");
        Tensor drawn_RN = Draw(openStage, logits_RNV, noise.Tokens(stage.Stage));
        if (colours is not null)
            drawn_RN = colours.Choose(openStage, drawn_RN, (images, uniform) => Draw(openStage, images.Select(logits_RNV), uniform));
        Tensor drawn_RL = clusters.Spread(drawn_RN);
        if (given is null)
            return new StageContent(scope.Keep(predicted_NLC), scope.Keep(logits_RNV), scope.Keep(drawn_RN), scope.Keep(drawn_RL));
        Tensor bordered_RL = openStage.Given!.ApplyBorderRules(drawn_RL, openGiven!, openStage.Labels_BL);
        Tensor tokens_BL = given.Or(open.Restore(bordered_RL));
        Tensor tokens_BN = TokenPerCluster(stage, tokens_BL);
        return new StageContent(scope.Keep(predicted_NLC), scope.Keep(logits_RNV), scope.Keep(tokens_BN), scope.Keep(tokens_BL));
    }

    // The logits of a cluster are averaged over the positions for which a token is drawn.
    private (Tensor Predicted_NLC, Tensor Logits_RNV) Logits(StageContext stage, ClusterMean clusters, GivenValues? given)
    {
        stage.Cancellation.ThrowIfCancellationRequested();
        using var scope = new TensorScope();
        double scale = stage.Options.ContentGuidance.At(stage.Stage, stage.Grid.LastStage);
        // If the scale is an input, the conditional pass alone is already guided.
        bool isInput = generator.GuidanceLimit is not null;
        var guidance = new Guidance(isInput ? 1 : scale);
        ClassConditioning classes = guidance.Batch(stage.Classes, nullClass);
        Tensor stage_N = Tensor.Full(classes.Class_B.Shape.ToArray(), stage.Stage, ScalarType.Int64, stage.Device);
        Tensor predicted_NLC = generator.PredictFinalCanvas(
            guidance.Batch(stage.Canvas_BLC), guidance.Batch(stage.EmbedStructure()), stage_N, classes.Class_B, blend: classes.Blend,
            guidance_N: isInput ? Tensor.Full(classes.Class_B.Shape.ToArray(), scale, device: stage.Device) : null);
        Tensor? counts_RL = given is null ? null : 1 - given.Known_BL.To(ScalarType.Float32);
        Tensor logits_RNV = guidance.Combine(
            predicted_NLC, predicted_RLC => generator.Logits(predicted_RLC, stage.Canvas_BLC, clusters, counts_RL));
        return (scope.Keep(predicted_NLC), scope.Keep(logits_RNV));
    }

    private static Tensor Draw(StageContext stage, Tensor logits_BNV, Tensor uniform_BN) => TokenSampling.Draw(
        logits_BNV, uniform_BN, stage.Options.Temperature, stage.Options.TopK,
        stage.Options.TopP.At(stage.Stage, stage.Grid.LastStage));

    private static Tensor TokenPerCluster(StageContext stage, Tensor tokens_BL)
    {
        using var clusters = new ClusterMean(stage.Labels_BL, stage.ClusterCount);
        return clusters.Largest(tokens_BL);
    }
}
