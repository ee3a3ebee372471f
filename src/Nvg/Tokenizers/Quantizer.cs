using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Tokenizers;

/// <summary>
/// Content construction by residual quantization: in every stage, the codebook describes the part of the latent that earlier stages have
/// not yet described (paper, appendix A.2; docs/method.md, section 3.4). A refiner per stage smooths the stage's contribution: φ_i(h) = h +
/// w · conv_i(h).
/// </summary>
/// <remarks>Shapes: B images, L positions, C latent channels, V codes, N = 2^i clusters of stage i, S = K + 1 stages.</remarks>
public sealed class Quantizer
{
    private readonly Embedding _codebook;
    private readonly Conv2d[] _refiners;
    private readonly TokenizerConfig _config;
    private readonly LatentGrid _grid;

    /// <summary>Creates or loads codebook and refiners below <paramref name="path"/>. New codes are uniform in ±1/V.</summary>
    public Quantizer(ParameterPath path, TokenizerConfig config)
        : this(path, config, config.Grid)
    {
    }

    /// <summary>Same as the other overload, for a latent grid of any shape.</summary>
    internal Quantizer(ParameterPath path, TokenizerConfig config, LatentGrid grid)
    {
        _config = config;
        _grid = grid;
        var start = Initialization.Uniform(1.0 / config.CodebookSize);
        _codebook = new Embedding(path / "embedding", config.CodebookSize, config.LatentChannels, start);
        _refiners = [.. Enumerable.Range(0, _grid.StageCount).Select(i =>
            new Conv2d(path / "quant_resi" / i, config.LatentChannels, config.LatentChannels, 3, padding: 1))];
    }

    /// <summary>The codebook, V × C; owned by the model.</summary>
    public Tensor Codebook => _codebook.Weight;

    /// <summary>Whether a token means the same here and in another quantizer: the codebooks are equal.</summary>
    internal bool HasSameCodes(Quantizer other) => Codebook.Shape.SequenceEqual(other.Codebook.Shape)
        && Codebook.ToArray<float>().AsSpan().SequenceEqual(other.Codebook.ToArray<float>());

    /// <summary>Quantizes latents without gradients.</summary>
    /// <param name="latent_BLC">Encoder outputs, B × L × C.</param>
    /// <param name="structure_BSL">Their structure maps; the sequence keeps its own reference.</param>
    /// <returns>The sequences; the caller disposes them.</returns>
    public GranularitySequence Quantize(Tensor latent_BLC, Tensor structure_BSL)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using QuantizedLatent quantized = Forward(latent_BLC, structure_BSL, warmUp: false);
        return new GranularitySequence(_grid, structure_BSL.Alias(), [.. quantized.Content.Select(c => c.Alias())]);
    }

    /// <summary>The contribution φ_i of one stage to the canvas, from one token per cluster.</summary>
    /// <param name="stage">The stage (i).</param>
    /// <param name="labels_BL">Structure map of the stage.</param>
    /// <param name="tokens_BN">Codebook indices of its clusters.</param>
    /// <returns>B × L × C.</returns>
    public Tensor Contribution(int stage, Tensor labels_BL, Tensor tokens_BN)
    {
        using var scope = new TensorScope();
        using var clusters = new ClusterMean(labels_BL, LatentGrid.ClusterCount(stage));
        return scope.Keep(Refine(stage, clusters.Scatter(_codebook.Forward(tokens_BN))));
    }

    /// <summary>The contribution φ_i of one stage to the canvas, from one token per position.</summary>
    /// <param name="stage">The stage (i).</param>
    /// <param name="tokens_BL">Codebook indices by position.</param>
    /// <returns>B × L × C.</returns>
    public Tensor Contribution(int stage, Tensor tokens_BL)
    {
        using Tensor codes_BLC = _codebook.Forward(tokens_BL);
        return Refine(stage, codes_BLC);
    }

    /// <summary>The canvases of sequences: entry i is the sum of the contributions of all stages before i.</summary>
    /// <returns>B × (K + 2) × L × C; entry 0 is zero, the last entry is the final canvas.</returns>
    public Tensor Canvases(GranularitySequence sequence)
    {
        using var scope = new TensorScope();
        var canvases = new List<Tensor> { Tensor.Zeros([sequence.Count, _grid.Length, _config.LatentChannels], device: Codebook.Device) };
        for (int i = 0; i < _grid.StageCount; i++)
            canvases.Add(canvases[^1] + Contribution(i, sequence.TokensByPosition(i)));
        return scope.Keep(Tensor.Stack([.. canvases], 1));
    }

    /// <summary>Quantizes latents with gradients, for training (docs/method.md, section 3.5).</summary>
    /// <param name="latent_BLC">Encoder outputs.</param>
    /// <param name="structure_BSL">Their structure maps.</param>
    /// <param name="warmUp">Whether every code receives a gradient through a softmax over the codebook.</param>
    /// <param name="lastStages">Per image, the last stage that the output includes; null for all stages.</param>
    /// <returns>Output and losses; the caller disposes them.</returns>
    public QuantizedLatent Forward(Tensor latent_BLC, Tensor structure_BSL, bool warmUp, IReadOnlyList<int>? lastStages = null)
    {
        using Tensor structure = structure_BSL.To(latent_BLC.Device);
        using var stages = new ClusterStages(structure, Refine);
        return Quantization.Forward(latent_BLC, stages, warmUp, lastStages);
    }

    /// <summary>Resets codes that a batch does not use to randomly chosen cluster means of that batch.</summary>
    /// <param name="latent_BLC">Encoder outputs of the batch.</param>
    /// <param name="structure_BSL">Their structure maps.</param>
    /// <param name="random">Chooses the points.</param>
    /// <returns>Number of codes that were reset.</returns>
    public int ReviveDeadCodes(Tensor latent_BLC, Tensor structure_BSL, RandomGenerator random)
    {
        using Tensor structure = structure_BSL.To(latent_BLC.Device);
        using var stages = new ClusterStages(structure, Refine);
        return Quantization.ReviveDeadCodes(latent_BLC, stages, random);
    }

    private ResidualQuantization Quantization => new(Codebook, _config.CommitmentWeight);

    private Tensor Refine(int stage, Tensor values_BLC)
    {
        using var scope = new TensorScope();
        Tensor map_BCHW = Positions.ToMap(values_BLC, _grid);
        Tensor refined_BCHW = map_BCHW + _refiners[stage].Forward(map_BCHW).To(ScalarType.Float32) * _config.RefinerWeight;
        return scope.Keep(Positions.FromMap(refined_BCHW));
    }
}
