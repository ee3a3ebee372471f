using Nvg.Generators.Blocks;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>
/// Predicts the content of a stage from the canvas and the stage's structure map: a transformer predicts the final canvas x̂, and
/// the difference of x̂ and the canvas, averaged within each cluster, gives the logits of the cluster's token (paper, section 2.2.2;
/// docs/method.md, section 5).
/// </summary>
/// <remarks>Shapes: N sequences, L positions, C latent channels, K structure channels, V codes, W width.</remarks>
public sealed class ContentGenerator
{
    private readonly GeneratorConfig _config;
    private readonly RotaryEmbedding _rotary;
    private readonly Tensor _startCanvas;
    private readonly Tensor _scaleFactors;
    private readonly Linear _embed;
    private readonly Embedding _classEmbed;
    private readonly Embedding _stageEmbed;
    private readonly TransformerBlock[] _blocks;
    private IBlockStack? _sampling;
    private readonly OutputHead _canvasHead;
    private readonly Linear _tokenHead;
    private readonly ScalarEmbedding? _guidanceEmbed;

    /// <summary>Creates or loads the parameters whose names begin with <c>content_</c>, and the heads.</summary>
    public ContentGenerator(ParameterPath path, GeneratorConfig config)
    {
        _config = config;
        LatentGrid grid = config.Grid;
        int width = config.ContentWidth;
        _rotary = new RotaryEmbedding(grid, config.HeadSize);
        _startCanvas = path.Parameter("content_start_embed", [1, grid.Length, config.LatentChannels], Initialization.Normal(1));
        // Never read; kept because published checkpoints contain it.
        path.Buffer("rope_ids", _rotary.PositionIds());
        _scaleFactors = path.MeasuredBuffer("scale_factors", [grid.StageCount + 1], Initialization.Ones);
        _embed = new Linear(path / "content_embed", config.LatentChannels, width);
        _classEmbed = new Embedding(path / "content_class_embed", config.ClassCount + 1, width);
        _stageEmbed = new Embedding(path / "content_stage_embed", grid.StageCount, width);
        _blocks = [.. Enumerable.Range(0, config.Depth).Select(i =>
            new TransformerBlock(path / "content_blocks" / i, width, config.HeadSize, config.MlpRatio))];
        _canvasHead = new OutputHead(path / "x0_head", width, config.LatentChannels + config.TokenFeatures);
        _tokenHead = new Linear(path / "cls_head" / "linear", config.LatentChannels + config.TokenFeatures, config.CodebookSize);
        // Absent from published checkpoints. Created last, so that the random weights of the other content layers do not depend on it.
        _guidanceEmbed = config.ContentGuidanceLimit is null ? null : new ScalarEmbedding(path / "content_guidance_embed", width);
    }

    /// <summary>
    /// The largest guidance scale that is an input, so that a guided stage is one pass; null if it is not an input
    /// (<see cref="GeneratorConfig.ContentGuidanceLimit"/>).
    /// </summary>
    public double? GuidanceLimit => _config.ContentGuidanceLimit;

    /// <summary>
    /// Scale factors a_0…a_K and the factor of the final canvas: one over the standard deviation of the canvas, K + 2 values.
    /// </summary>
    public Tensor ScaleFactors => _scaleFactors;

    /// <summary>
    /// Initialises the token head as a nearest-code look-up: −|r − e|² / (2 · variance) without the term common to all codes.
    /// </summary>
    /// <param name="codebook_VC">The tokenizer's codebook.</param>
    /// <param name="variance">Variance of a residual around its code.</param>
    public void StartTokenHead(Tensor codebook_VC, double variance)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        _tokenHead.Assign(WithFeatureColumns(codebook_VC / variance), codebook_VC.Square().Sum(1) / (-2 * variance));
    }

    /// <summary>The stack of transformer blocks.</summary>
    internal TransformerBlock[] Blocks => _blocks;

    /// <summary>Creates a generator that shares all parameters and samples with a prepared stack of blocks. It cannot be trained.</summary>
    /// <param name="stack">Borrowed.</param>
    internal ContentGenerator WithBlocks(IBlockStack stack)
    {
        var copy = (ContentGenerator)MemberwiseClone();
        copy._sampling = stack;
        return copy;
    }

    /// <summary>Zeroes the embedding of the guidance scale, so that the model initially behaves as if it had no such input.</summary>
    internal void IgnoreNewInputs() => _guidanceEmbed?.StartAtZero();

    /// <summary>Predicts the final canvas x̂ of every sequence.</summary>
    /// <param name="canvas_NLC">Unscaled canvases before the stage.</param>
    /// <param name="structure_NLK">Embedding of the stage's structure map, in {0, 1, 2}.</param>
    /// <param name="stage_N">Stage of each sequence.</param>
    /// <param name="class_N">Class of each sequence; may be the null class.</param>
    /// <param name="training">Training options, or null outside training.</param>
    /// <param name="blend">Interpolation between classes, or null.</param>
    /// <param name="guidance_N">Guidance scale of each sequence from 1 to <see cref="GuidanceLimit"/>; null for 1.</param>
    /// <returns>
    /// N × L × C, unscaled. With token features (<see cref="GeneratorConfig.TokenFeatures"/>) N × L × (C + E): the canvas, then the
    /// features; <see cref="CanvasOf"/> gives the canvas alone.
    /// </returns>
    /// <exception cref="InvalidOperationException">The guidance scale is not an input of this generator.</exception>
    public Tensor PredictFinalCanvas(
        Tensor canvas_NLC, Tensor structure_NLK, Tensor stage_N, Tensor class_N, BlockTraining? training = null, ClassBlend? blend = null,
        Tensor? guidance_N = null)
    {
        if (guidance_N is not null && _guidanceEmbed is null)
            throw new InvalidOperationException("the content generator does not take the guidance scale as an input");
        using var scope = new TensorScope();
        Tensor factor_N11 = _scaleFactors.IndexSelect(0, stage_N).Reshape(-1, 1, 1);
        Tensor isStart_N11 = stage_N.IsEqual(0).Reshape(-1, 1, 1);
        Tensor input_NLC = isStart_N11.Where(_startCanvas, canvas_NLC * factor_N11);
        Tensor class_NW = ClassBlend.Embed(_classEmbed, class_N, blend);
        Tensor vector_NW = class_NW + _stageEmbed.Forward(stage_N);
        if (guidance_N is not null)
            vector_NW += _guidanceEmbed!.Forward((guidance_N - 1) / GuidanceLimit!.Value);
        Tensor tokens_NTW = Tensor.Cat([class_NW.Unsqueeze(1), _embed.Forward(input_NLC).To(ScalarType.Float32)], 1);
        Tensor table = _rotary.Table(structure_NLK, RotaryEmbedding.TokenType.Latent);
        Tensor condition_NW = Functional.Silu(vector_NW);
        Tensor[] modulations = Array.ConvertAll(_blocks, b => b.Modulation(condition_NW));
        tokens_NTW = BlockTraining.Run(_blocks, _sampling, tokens_NTW, modulations, table, training);
        Tensor output_NLC = _canvasHead.Forward(tokens_NTW.Narrow(1, 1, _config.Grid.Length), _canvasHead.Modulation(condition_NW));
        return scope.Keep(output_NLC / _scaleFactors.Select(0, _config.Grid.StageCount));
    }

    /// <summary>x̂ without the token features that follow it.</summary>
    /// <param name="predicted_NLC">From <see cref="PredictFinalCanvas"/>; borrowed.</param>
    /// <returns>N × L × C, a view.</returns>
    public Tensor CanvasOf(Tensor predicted_NLC) => predicted_NLC.Narrow(2, 0, _config.LatentChannels);

    /// <summary>The logits of the tokens of one stage.</summary>
    /// <param name="predicted_NLC">From <see cref="PredictFinalCanvas"/>, with the token features.</param>
    /// <param name="canvas_NLC">Their unscaled canvases.</param>
    /// <param name="clusters">Their structure map.</param>
    /// <param name="counts_NL">1 for positions whose token is to be drawn, 0 for given ones; null if all are to be drawn.</param>
    /// <returns>N × 2^i × V, float32.</returns>
    public Tensor Logits(Tensor predicted_NLC, Tensor canvas_NLC, ClusterMean clusters, Tensor? counts_NL = null)
    {
        using var scope = new TensorScope();
        Tensor evidence_NLX = Evidence(predicted_NLC, canvas_NLC);
        Tensor means_NMX = counts_NL is null ? clusters.Average(evidence_NLX) : clusters.Average(evidence_NLX, counts_NL);
        return scope.Keep(_tokenHead.Forward(means_NMX).To(ScalarType.Float32));
    }

    // Input of the logits at every position: the missing part of the canvas, then the token features.
    private Tensor Evidence(Tensor predicted_NLC, Tensor canvas_NLC)
    {
        if (_config.TokenFeatures == 0)
            return predicted_NLC - canvas_NLC;
        Tensor features_NLE = predicted_NLC.Narrow(2, _config.LatentChannels, _config.TokenFeatures);
        return Tensor.Cat([CanvasOf(predicted_NLC) - canvas_NLC, features_NLE], 2);
    }

    // Token features initially have no influence; the network learns how to use them.
    private Tensor WithFeatureColumns(Tensor weight_VC) => _config.TokenFeatures == 0
        ? weight_VC
        : Tensor.Cat([weight_VC, Tensor.Zeros([_config.CodebookSize, _config.TokenFeatures], device: weight_VC.Device)], 1);
}
