using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>
/// Content construction: a shared codebook describes, stage by stage, what the stages before left over of the latent
/// (specification, section 3). One refiner per stage smooths what a stage adds: φ_i(h) = h + w · conv_i(h).
/// </summary>
/// <remarks>Shapes: B images, L positions, C latent channels, V codes, N = 2^i clusters of stage i, S = K + 1 stages.</remarks>
public sealed class Quantizer
{
    private readonly Embedding _codebook;
    private readonly Conv2d[] _refiners;
    private readonly TokenizerConfig _config;
    private readonly LatentGrid _grid;

    /// <summary>Makes or loads codebook and refiners below <paramref name="path"/>; codes start uniform in ±1/V.</summary>
    public Quantizer(ParameterPath path, TokenizerConfig config)
        : this(path, config, config.Grid)
    {
    }

    /// <summary>The same over latents of any sides.</summary>
    internal Quantizer(ParameterPath path, TokenizerConfig config, LatentGrid grid)
    {
        _config = config;
        _grid = grid;
        _codebook = new Embedding(path / "embedding", config.CodebookSize, config.LatentChannels, Initialization.Uniform(1.0 / config.CodebookSize));
        _refiners = [.. Enumerable.Range(0, _grid.StageCount).Select(i =>
            new Conv2d(path / "quant_resi" / i, config.LatentChannels, config.LatentChannels, 3, padding: 1))];
    }

    /// <summary>The codebook, V × C; owned by the model.</summary>
    public Tensor Codebook => _codebook.Weight;

    /// <summary>Describes latents as sequences; nothing is recorded for autograd.</summary>
    /// <param name="latent_BLC">Encoder outputs by position.</param>
    /// <param name="structure_BSL">Their structure maps; kept by the sequence as a new reference.</param>
    public GranularitySequence Quantize(Tensor latent_BLC, Tensor structure_BSL)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using QuantizedLatent quantized = Forward(latent_BLC, structure_BSL, warmUp: false);
        return new GranularitySequence(_grid, structure_BSL.Alias(), [.. quantized.Content.Select(c => c.Alias())]);
    }

    /// <summary>The contribution φ_i of one stage's tokens to the canvas.</summary>
    /// <param name="stage">i.</param>
    /// <param name="labels_BL">Structure map of the stage.</param>
    /// <param name="tokens_BN">Codebook numbers of its clusters.</param>
    /// <returns>B × L × C.</returns>
    public Tensor Contribution(int stage, Tensor labels_BL, Tensor tokens_BN)
    {
        using var scope = new TensorScope();
        using var clusters = new ClusterMean(labels_BL, LatentGrid.ClusterCount(stage));
        return scope.Keep(Refine(stage, clusters.Scatter(_codebook.Forward(tokens_BN))));
    }

    /// <summary>The contribution φ_i of one stage where every position names its own token.</summary>
    /// <param name="stage">i.</param>
    /// <param name="tokens_BL">Codebook numbers by position.</param>
    /// <returns>B × L × C.</returns>
    public Tensor Contribution(int stage, Tensor tokens_BL)
    {
        using Tensor codes_BLC = _codebook.Forward(tokens_BL);
        return Refine(stage, codes_BLC);
    }

    /// <summary>The canvases of a sequence: entry i is the sum of the contributions of stages before i, the last is the final latent.</summary>
    /// <returns>B × (K + 2) × L × C; entry 0 is zero.</returns>
    public Tensor Canvases(GranularitySequence sequence)
    {
        using var scope = new TensorScope();
        var canvases = new List<Tensor> { Tensor.Zeros([sequence.Count, _grid.Length, _config.LatentChannels], device: Codebook.Device) };
        for (int i = 0; i < _grid.StageCount; i++)
            canvases.Add(canvases[^1] + Contribution(i, sequence.TokensByPosition(i)));
        return scope.Keep(Tensor.Stack([.. canvases], 1));
    }

    /// <summary>The whole residual quantization, differentiable as in training.</summary>
    /// <param name="latent_BLC">Encoder outputs.</param>
    /// <param name="structure_BSL">Their structure maps.</param>
    /// <param name="warmUp">Let every code receive gradient through a softmax over the codebook (first epoch).</param>
    /// <param name="lastStages">Of each image the stage after which the output leaves off; null for the whole sequence.</param>
    public QuantizedLatent Forward(Tensor latent_BLC, Tensor structure_BSL, bool warmUp, IReadOnlyList<int>? lastStages = null)
    {
        // Which code is nearest must not depend on the precision of the products around it.
        using Autocast fullPrecision = Autograd.Autocast(latent_BLC.Device, ScalarType.Float32);
        using var scope = new TensorScope();
        Tensor latent = latent_BLC.To(ScalarType.Float32);
        Tensor structure = structure_BSL.To(latent.Device);
        Tensor target = latent.Detach();
        // Also in the warm-up the latent is data here: its own gradient comes from the commitment and straight through.
        Tensor residual_BLC = target;
        Tensor? canvas_BLC = null;
        Tensor? loss = null;
        var content = new Tensor[_grid.StageCount];
        var points = new Tensor[_grid.StageCount];
        var stageLosses = new Tensor[_grid.StageCount];
        var canvases = new Tensor[_grid.StageCount];
        for (int i = 0; i < content.Length; i++)
        {
            using var clusters = new ClusterMean(structure.Select(1, i), LatentGrid.ClusterCount(i));
            Tensor means_BNC = clusters.Average(residual_BLC);
            (Tensor tokens_BN, Tensor codes_BNC) = Nearest(means_BNC, warmUp);
            content[i] = tokens_BN;
            points[i] = means_BNC.Detach();
            Tensor contribution_BLC = Refine(i, clusters.Scatter(codes_BNC));
            canvas_BLC = canvas_BLC is null ? contribution_BLC : canvas_BLC + contribution_BLC;
            canvases[i] = canvas_BLC;
            residual_BLC -= warmUp ? contribution_BLC : contribution_BLC.Detach();
            Tensor commitment = Functional.MeanSquaredError(canvas_BLC.Detach(), latent);
            Tensor fit = Functional.MeanSquaredError(canvas_BLC, target);
            Tensor stageLoss = commitment * _config.CommitmentWeight + fit;
            loss = loss is null ? stageLoss : loss + stageLoss;
            stageLosses[i] = stageLoss.Detach();
        }

        // Straight through: the decoder's gradient passes to the encoder as if nothing had been quantized.
        Tensor output_BLC = lastStages is null ? canvas_BLC! : Tensor.Stack([.. lastStages.Select((stage, b) => canvases[stage].Select(0, b))], 0);
        Tensor straightThrough = latent + (output_BLC - latent).Detach();
        foreach (Tensor result in (ReadOnlySpan<Tensor>)[.. content, .. points, .. stageLosses])
            scope.Keep(result);
        return new QuantizedLatent(scope.Keep(straightThrough), scope.Keep(loss! / content.Length), content, points, stageLosses);
    }

    /// <summary>Moves codes that a batch does not use to points that the batch asked codes for, chosen at random.</summary>
    /// <param name="latent_BLC">Encoder outputs of the batch.</param>
    /// <param name="structure_BSL">Their structure maps.</param>
    /// <param name="random">Chooses the points.</param>
    /// <returns>How many codes moved.</returns>
    public int ReviveDeadCodes(Tensor latent_BLC, Tensor structure_BSL, RandomGenerator random)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using QuantizedLatent quantized = Forward(latent_BLC, structure_BSL, warmUp: false);
        Tensor points_MC = Tensor.Cat([.. quantized.Points.Select(p => p.Reshape(-1, _config.LatentChannels))], 0);
        Tensor tokens_M = Tensor.Cat([.. quantized.Content.Select(c => c.Reshape(-1))], 0);
        Tensor isDead_V1 = tokens_M.BinCount(_config.CodebookSize).IsEqual(0).Unsqueeze(1);
        Tensor chosen_V = (Tensor.Rand([_config.CodebookSize], random) * points_MC.Size(0)).To(ScalarType.Int64);
        Codebook.CopyFrom(isDead_V1.Where(points_MC.IndexSelect(0, chosen_V), Codebook));
        return (int)isDead_V1.To(ScalarType.Int64).Sum().Item();
    }

    private (Tensor Tokens, Tensor Codes) Nearest(Tensor means_BNC, bool warmUp)
    {
        using var scope = new TensorScope();
        long batch = means_BNC.Size(0), clusters = means_BNC.Size(1), channels = means_BNC.Size(2);
        Tensor codebook_VC = Codebook.To(ScalarType.Float32);
        Tensor points_MC = means_BNC.Reshape(batch * clusters, channels);
        Tensor tokens_M = NearestCode.Find(points_MC, codebook_VC);
        Tensor codes_MC = Functional.Embedding(codebook_VC, tokens_M);
        if (warmUp)
            codes_MC += SoftChoice(points_MC, codebook_VC);
        return (scope.Keep(tokens_M.Reshape(batch, clusters)), scope.Keep(codes_MC.Reshape(batch, clusters, channels)));
    }

    // Zero in value; its gradient is that of a choice by softmax over all codes (index backpropagation). The paper adds it
    // to the one-hot vectors of the choice before they meet the codebook, which is the same without the large vectors.
    private static Tensor SoftChoice(Tensor points_MC, Tensor codebook_VC)
    {
        using var scope = new TensorScope();
        Tensor soft_MV = (-NearestCode.SquaredDistances(points_MC, codebook_VC)).Softmax(1);
        Tensor choice_MC = soft_MV.Matmul(codebook_VC.Detach());
        return scope.Keep(choice_MC - choice_MC.Detach());
    }

    private Tensor Refine(int stage, Tensor values_BLC)
    {
        using var scope = new TensorScope();
        Tensor map_BCHW = Positions.ToMap(values_BLC, _grid);
        Tensor refined_BCHW = map_BCHW + _refiners[stage].Forward(map_BCHW).To(ScalarType.Float32) * _config.RefinerWeight;
        return scope.Keep(Positions.FromMap(refined_BCHW));
    }
}
