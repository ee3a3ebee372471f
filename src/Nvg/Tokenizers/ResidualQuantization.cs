using Nvg.Torch;

namespace Nvg.Tokenizers;

/// <summary>
/// Residual quantization over the stages of any method: in every stage, the codebook describes the part of the latent that earlier stages
/// have not yet described (paper, appendix A.2; docs/method.md, section 3.4).
/// </summary>
/// <remarks>Shapes: B images, N points of a stage, C latent channels, V codes, M points of all images.</remarks>
/// <param name="codebook_VC">The codebook; borrowed.</param>
/// <param name="commitmentWeight">Weight of the commitment term.</param>
internal sealed class ResidualQuantization(Tensor codebook_VC, double commitmentWeight)
{
    /// <summary>Quantizes latents with gradients, for training (docs/method.md, section 3.5).</summary>
    /// <param name="latent">Encoder outputs, images first.</param>
    /// <param name="stages">How the latent is divided; borrowed.</param>
    /// <param name="warmUp">Whether every code receives a gradient through a softmax over the codebook.</param>
    /// <param name="lastStages">Per image, the last stage that the output includes; null for all stages.</param>
    /// <returns>Output and losses; the caller disposes them. The output has the layout of the latent.</returns>
    internal QuantizedLatent Forward(Tensor latent, IResidualStages stages, bool warmUp, IReadOnlyList<int>? lastStages = null)
    {
        // The nearest code must not depend on autocast.
        using Autocast fullPrecision = Autograd.Autocast(latent.Device, ScalarType.Float32);
        using var scope = new TensorScope();
        Tensor full = latent.To(ScalarType.Float32);
        Tensor target = full.Detach();
        // The residual starts detached, even during warm-up: the latent gets its gradient from the commitment loss and the straight-through
        // estimator.
        Tensor residual = target;
        Tensor? canvas = null, loss = null;
        var content = new Tensor[stages.Count];
        var points = new Tensor[stages.Count];
        var stageLosses = new Tensor[stages.Count];
        var canvases = new Tensor[stages.Count];
        for (int i = 0; i < content.Length; i++)
        {
            Tensor points_BNC = stages.Pool(i, residual);
            (Tensor tokens_BN, Tensor codes_BNC) = Nearest(points_BNC, warmUp);
            content[i] = tokens_BN;
            points[i] = points_BNC.Detach();
            Tensor contribution = stages.Contribution(i, codes_BNC);
            canvas = canvas is null ? contribution : canvas + contribution;
            canvases[i] = canvas;
            residual -= warmUp ? contribution : contribution.Detach();
            Tensor commitment = Functional.MeanSquaredError(canvas.Detach(), full);
            Tensor fit = Functional.MeanSquaredError(canvas, target);
            Tensor stageLoss = commitment * commitmentWeight + fit;
            loss = loss is null ? stageLoss : loss + stageLoss;
            stageLosses[i] = stageLoss.Detach();
        }

        // Straight-through estimator: the decoder's gradient passes to the encoder as if nothing had been quantized.
        Tensor output = lastStages is null ? canvas! : Tensor.Stack([.. lastStages.Select((stage, b) => canvases[stage].Select(0, b))], 0);
        Tensor straightThrough = full + (output - full).Detach();
        foreach (Tensor result in (ReadOnlySpan<Tensor>)[.. content, .. points, .. stageLosses])
            scope.Keep(result);
        return new QuantizedLatent(scope.Keep(straightThrough), scope.Keep(loss! / content.Length), content, points, stageLosses);
    }

    /// <summary>Resets codes that a batch does not use to randomly chosen points of that batch.</summary>
    /// <param name="latent">Encoder outputs of the batch.</param>
    /// <param name="stages">How the latent is divided; borrowed.</param>
    /// <param name="random">Chooses the points.</param>
    /// <returns>Number of codes that were reset.</returns>
    internal int ReviveDeadCodes(Tensor latent, IResidualStages stages, RandomGenerator random)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using QuantizedLatent quantized = Forward(latent, stages, warmUp: false);
        long codes = codebook_VC.Size(0);
        Tensor points_MC = Tensor.Cat([.. quantized.Points.Select(p => p.Reshape(-1, codebook_VC.Size(1)))], 0);
        Tensor tokens_M = Tensor.Cat([.. quantized.Content.Select(c => c.Reshape(-1))], 0);
        Tensor isDead_V1 = tokens_M.BinCount(codes).IsEqual(0).Unsqueeze(1);
        Tensor chosen_V = (Tensor.Rand([codes], random) * points_MC.Size(0)).To(ScalarType.Int64);
        codebook_VC.CopyFrom(isDead_V1.Where(points_MC.IndexSelect(0, chosen_V), codebook_VC));
        return (int)isDead_V1.To(ScalarType.Int64).Sum().Item();
    }

    private (Tensor Tokens, Tensor Codes) Nearest(Tensor points_BNC, bool warmUp)
    {
        using var scope = new TensorScope();
        long batch = points_BNC.Size(0), count = points_BNC.Size(1), channels = points_BNC.Size(2);
        Tensor codebook = codebook_VC.To(ScalarType.Float32);
        Tensor points_MC = points_BNC.Reshape(batch * count, channels);
        Tensor tokens_M = NearestCode.Find(points_MC, codebook);
        Tensor codes_MC = Functional.Embedding(codebook, tokens_M);
        if (warmUp)
            codes_MC += SoftChoice(points_MC, codebook);
        return (scope.Keep(tokens_M.Reshape(batch, count)), scope.Keep(codes_MC.Reshape(batch, count, channels)));
    }

    // Has value zero and the gradient of a softmax over all codes (index backpropagation). The original adds it to the
    // one-hot vectors before the product with the codebook, which is equivalent but needs large one-hot tensors.
    private static Tensor SoftChoice(Tensor points_MC, Tensor codebook_VC)
    {
        using var scope = new TensorScope();
        Tensor soft_MV = (-NearestCode.SquaredDistances(points_MC, codebook_VC)).Softmax(1);
        Tensor choice_MC = soft_MV.Matmul(codebook_VC.Detach());
        return scope.Keep(choice_MC - choice_MC.Detach());
    }
}
