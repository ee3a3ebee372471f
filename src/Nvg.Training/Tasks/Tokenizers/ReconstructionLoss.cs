using Nvg.Pretrained;
using Nvg.Torch;
using Nvg.Training.Adversarial;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>The terms of a tokenizer's loss, of any method, that compare decoded images with the originals.</summary>
/// <param name="weights">Weights of the terms.</param>
/// <param name="perceptual">The perceptual distance, or null; borrowed.</param>
/// <param name="game">The adversarial game, or null; borrowed.</param>
internal sealed class ReconstructionLoss(TokenizerLossOptions weights, IPerceptualDistance? perceptual, AdversarialGame? game)
{
    /// <summary>The weighted sum of all terms and the quantizer's loss, for autograd; the caller disposes it.</summary>
    /// <param name="step">From 0.</param>
    /// <param name="images">The originals.</param>
    /// <param name="decoded">The decoded images, not clamped.</param>
    /// <param name="quantizerLoss">Loss of the quantizer.</param>
    /// <param name="stageLosses">Terms of this loss by stage, for the log.</param>
    /// <param name="share">The range of the batch that the images come from.</param>
    /// <param name="random">Random numbers of the step.</param>
    /// <param name="log">Receives the unweighted terms.</param>
    internal Tensor Compute(
        long step, Tensor images, Tensor decoded, Tensor quantizerLoss, IReadOnlyList<Tensor> stageLosses, BatchShare share,
        RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        Tensor l1 = Functional.MeanAbsoluteError(decoded, images);
        Tensor l2 = Functional.MeanSquaredError(decoded, images);
        Tensor loss = l1 * weights.L1 + l2 * weights.L2 + quantizerLoss * weights.Quantizer;
        log.Add("l1", l1);
        log.Add("l2", l2);
        log.Add("quantizer", quantizerLoss);
        for (int stage = 0; stage < stageLosses.Count; stage++)
            log.Add($"quantizer_{stage}", stageLosses[stage]);
        if (perceptual is not null)
        {
            Tensor distance = perceptual.Forward(decoded, images).Mean();
            log.Add("perceptual", distance);
            loss += distance * weights.Perceptual!.Weight;
        }

        if (game?.Loss(step, images, decoded, share, random, log) is { } adversarial)
            loss += adversarial;
        return scope.Keep(loss);
    }
}
