using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Var.Tokenizers;

/// <summary>
/// Multi-scale residual quantization: at every scale, codes describe the area average of the remaining latent. Their codebook rows are
/// enlarged (bicubic), refined and added to the canvas. A few refiners φ(h) = (1 − ρ) h + ρ · conv(h) are shared by the scales.
/// </summary>
/// <remarks>
/// Shapes: B images, C latent channels, V codes, S scales, p = side of a scale, n = side of the latent, L tokens. Latents and
/// canvases are maps, B × C × n × n.
/// </remarks>
public sealed class ScaleQuantizer
{
    private readonly Embedding _codebook;
    private readonly Conv2d[] _refiners;
    private readonly int[] _refinerOfScale;
    private readonly VarTokenizerConfig _config;

    /// <summary>Creates or loads codebook and refiners below <paramref name="path"/>. New codes are uniform in ±1/V.</summary>
    public ScaleQuantizer(ParameterPath path, VarTokenizerConfig config)
    {
        _config = config;
        Scales = config.Sequence;
        int channels = config.LatentChannels;
        _codebook = new Embedding(path / "embedding", config.CodebookSize, channels, Initialization.Uniform(1.0 / config.CodebookSize));
        // A single refiner has a different path in the published layout.
        ParameterPath refiners = path / "quant_resi";
        IEnumerable<ParameterPath> places = config.Refiners == 1
            ? [refiners / "qresi"]
            : Enumerable.Range(0, config.Refiners).Select(k => refiners / "qresi_ls" / k);
        _refiners = [.. places.Select(place => new Conv2d(place, channels, channels, 3, padding: 1))];
        _refinerOfScale = RefinerTable.Of(Scales.Count, config.Refiners);
    }

    /// <summary>The scales.</summary>
    public ScaleSequence Scales { get; }

    /// <summary>The codebook, V × C; owned by the model.</summary>
    public Tensor Codebook => _codebook.Weight;

    /// <summary>Quantizes latents without gradients.</summary>
    /// <returns>The token maps; the caller disposes them.</returns>
    public TokenMaps Quantize(Tensor latent_BCHW)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using QuantizedLatent quantized = Forward(latent_BCHW, warmUp: false);
        return new TokenMaps(Scales, [.. quantized.Content.Select(tokens => tokens.Alias())]);
    }

    /// <summary>Codebook rows, B × N × C, for tokens, B × N.</summary>
    public Tensor Rows(Tensor tokens_BN) => _codebook.Forward(tokens_BN);

    /// <summary>The contribution of one scale to the canvas.</summary>
    /// <param name="scale">Zero-based index of the scale.</param>
    /// <param name="rows_BNC">One vector per token, usually a row of the codebook.</param>
    /// <returns>B × C × n × n.</returns>
    public Tensor Contribution(int scale, Tensor rows_BNC)
    {
        using var scope = new TensorScope();
        int side = Scales.Sides[scale], latentSide = Scales.LatentSide;
        Tensor map = Positions.ToMap(rows_BNC, side, side);
        Tensor spread = scale == Scales.Last ? map : Functional.ResizeBicubic(map.Contiguous(), latentSide, latentSide);
        Tensor convolved = _refiners[_refinerOfScale[scale]].Forward(spread).To(ScalarType.Float32);
        return scope.Keep(spread * (1 - _config.RefinerShare) + convolved * _config.RefinerShare);
    }

    /// <summary>Area averages of a map at the side of a scale. A scale describes them, and the next scale is predicted from them.</summary>
    /// <returns>B × p² × C.</returns>
    public Tensor Pool(int scale, Tensor map_BCHW)
    {
        using var scope = new TensorScope();
        int side = Scales.Sides[scale];
        Tensor pooled = scale == Scales.Last ? map_BCHW : Functional.ResizeArea(map_BCHW, side, side);
        return scope.Keep(Positions.FromMap(pooled));
    }

    /// <summary>The canvases of token maps: entry i is the sum of the contributions of scales 0…i.</summary>
    /// <returns>B × S × C × n × n.</returns>
    public Tensor Canvases(TokenMaps tokens)
    {
        using var scope = new TensorScope();
        var canvases = new Tensor[Scales.Count];
        for (int i = 0; i < canvases.Length; i++)
        {
            Tensor contribution = Contribution(i, Rows(tokens.Maps[i]));
            canvases[i] = i == 0 ? contribution : canvases[i - 1] + contribution;
        }

        return scope.Keep(Tensor.Stack(canvases, 1));
    }

    /// <summary>
    /// The transformer input for known tokens: the canvas before each scale except the first, pooled to the side of the scale.
    /// </summary>
    /// <returns>B × (L − p₁²) × C, ordered by scale.</returns>
    public Tensor TransformerInput(TokenMaps tokens)
    {
        using var scope = new TensorScope();
        Tensor canvases = Canvases(tokens);
        return scope.Keep(Tensor.Cat([.. Enumerable.Range(1, Scales.Last).Select(i => Pool(i, canvases.Select(1, i - 1)))], 1));
    }

    /// <summary>Quantizes latents with gradients, for training.</summary>
    /// <param name="latent_BCHW">Encoder outputs.</param>
    /// <param name="warmUp">Whether every code receives a gradient through a softmax over the codebook.</param>
    /// <param name="lastScales">Per image, the last scale that the output includes; null for all scales.</param>
    /// <returns>Output (B × C × n × n) and losses; the caller disposes them.</returns>
    public QuantizedLatent Forward(Tensor latent_BCHW, bool warmUp, IReadOnlyList<int>? lastScales = null)
    {
        using var stages = new ScaleStages(this);
        return Quantization.Forward(latent_BCHW, stages, warmUp, lastScales);
    }

    /// <summary>Resets codes that a batch does not use to randomly chosen points of that batch.</summary>
    /// <param name="latent_BCHW">Encoder outputs of the batch.</param>
    /// <param name="random">Chooses the points.</param>
    /// <returns>Number of codes that were reset.</returns>
    public int ReviveDeadCodes(Tensor latent_BCHW, RandomGenerator random)
    {
        using var stages = new ScaleStages(this);
        return Quantization.ReviveDeadCodes(latent_BCHW, stages, random);
    }

    private ResidualQuantization Quantization => new(Codebook, _config.CommitmentWeight);

    private sealed class ScaleStages(ScaleQuantizer quantizer) : IResidualStages
    {
        public int Count => quantizer.Scales.Count;

        public Tensor Pool(int stage, Tensor residual) => quantizer.Pool(stage, residual);

        public Tensor Contribution(int stage, Tensor codes_BNC) => quantizer.Contribution(stage, codes_BNC);

        public void Dispose()
        {
        }
    }
}
