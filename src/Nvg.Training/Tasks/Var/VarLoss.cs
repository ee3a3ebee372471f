using Nvg.Torch;
using Nvg.Training.Optimization;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Training.Tasks.Var;

/// <summary>
/// The loss of VAR's transformer: the mean cross-entropy of all tokens of an image, each predicted from the preceding scales.
/// Every token has the same weight.
/// </summary>
/// <remarks>Shapes: B images, L tokens, T tokens of a scale, C latent channels, V codes.</remarks>
/// <param name="transformer">The transformer to train; borrowed.</param>
/// <param name="smoothing">Label smoothing: the share of the target that is spread evenly over all codes.</param>
internal sealed class VarLoss(VarTransformer transformer, double smoothing = 0)
{
    /// <summary>The loss of a batch, for autograd; the caller disposes it.</summary>
    /// <param name="class_B">Class of each image, or the null class if it was dropped.</param>
    /// <param name="tokens">Token maps of the images; borrowed.</param>
    /// <param name="input_BTC">Input of the transformer for these token maps (<see cref="ScaleQuantizer.TransformerInput"/>).</param>
    /// <param name="log">Receives <c>ce_i</c> of every scale, without smoothing, and <c>accuracy</c> and <c>accuracy_last</c>.</param>
    /// <param name="drop">Drop path, or null.</param>
    internal Tensor Compute(Tensor class_B, TokenMaps tokens, Tensor input_BTC, LossLog log, DropPath? drop = null)
    {
        using var scope = new TensorScope();
        Tensor logits_BLV = transformer.Forward(class_B, input_BTC, drop, null);
        using Tensor target_BL = tokens.Flatten();
        Report(logits_BLV, target_BL, log);
        return scope.Keep(CrossEntropy(logits_BLV, target_BL, smoothing));
    }

    /// <summary>Mean cross-entropy of some tokens of an image.</summary>
    internal static Tensor CrossEntropy(Tensor logits_BTV, Tensor target_BT, double smoothing)
    {
        using var scope = new TensorScope();
        return scope.Keep(Functional.CrossEntropy(logits_BTV.Reshape(-1, logits_BTV.Size(2)), target_BT.Reshape(-1), smoothing));
    }

    /// <summary>Adds cross-entropies of all scales, and accuracies, to a log.</summary>
    internal void Report(Tensor logits_BLV, Tensor target_BL, LossLog log)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        ScaleSequence scales = transformer.Scales;
        for (int i = 0; i < scales.Count; i++)
        {
            int start = scales.Start(i), count = scales.TokenCount(i);
            log.Add($"ce_{i}", CrossEntropy(logits_BLV.Narrow(1, start, count), target_BL.Narrow(1, start, count), 0));
        }

        Tensor isRight_BL = logits_BLV.Detach().ArgMax(-1).IsEqual(target_BL).To(ScalarType.Float32);
        log.Add("accuracy", isRight_BL.Mean());
        log.Add("accuracy_last", isRight_BL.Narrow(1, scales.Start(scales.Last), scales.TokenCount(scales.Last)).Mean());
    }
}
