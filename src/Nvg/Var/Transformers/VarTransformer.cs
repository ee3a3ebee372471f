using Nvg.Configuration;
using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Var.Tokenizers;

namespace Nvg.Var.Transformers;

/// <summary>
/// VAR's transformer: predicts all tokens of a scale at once from the scales before it. Tokens attend to all tokens of the same scale and
/// of earlier scales, whose keys and values are cached during sampling. Owns its parameters, which have the names of the published
/// checkpoints.
/// </summary>
/// <remarks>Shapes: N sequences, T tokens of one or of all scales, L tokens of an image, C latent channels, V codes, W width.</remarks>
public sealed class VarTransformer : IDisposable
{
    private readonly Tensor _start_1TW;
    private readonly Tensor _positions_1LW;
    private readonly Linear _embed;
    private readonly Embedding _classEmbed;
    private readonly Embedding _scaleEmbed;
    private readonly ScaleBlock[] _blocks;
    private PackedScaleBlock[]? _packed;
    private readonly IBlockModulations _modulations;
    private readonly Linear _headModulation;
    private readonly Linear _head;

    /// <param name="config">Sizes.</param>
    /// <param name="source">Random or stored parameters.</param>
    /// <exception cref="ArgumentException">The config is invalid; the message names every problem.</exception>
    public VarTransformer(VarTransformerConfig config, ParameterSource source)
    {
        config.Validate().ThrowIfAny();
        Config = config;
        Scales = config.Sequence;
        int width = config.Width;
        Initialization start = VarInitialization.Matrix(config);
        (_start_1TW, _positions_1LW, _embed, _classEmbed, _scaleEmbed, _blocks, _modulations, _headModulation, _head) =
            Parameters.Build(source, root => (
                root.Table("pos_start", [1, Scales.TokenCount(0), width], start),
                root.Table("pos_1LC", [1, Scales.Length, width], start),
                new Linear(root / "word_embed", config.LatentChannels, width, initialization: start),
                new Embedding(root / "class_emb", config.ClassCount + 1, width, start),
                new Embedding(root / "lvl_embed", Scales.Count, width, start),
                Enumerable.Range(0, config.Depth).Select(b => new ScaleBlock(root / "blocks" / b, config)).ToArray(),
                Modulations(root, config),
                new Linear(root / "head_nm" / "ada_lin" / 1, width, 2L * width, initialization: VarInitialization.Modulation(config)),
                new Linear(root / "head", width, config.CodebookSize, initialization: VarInitialization.Head(config))));
    }

    /// <summary>Sizes.</summary>
    public VarTransformerConfig Config { get; }

    /// <summary>The scales.</summary>
    public ScaleSequence Scales { get; }

    /// <summary>All parameters by name.</summary>
    public ParameterStore Parameters { get; } = new();

    /// <summary>Device of the parameters.</summary>
    public Device Device => _positions_1LW.Device;

    /// <summary>Scales the initial values of the gates' matrices, for training a new model.</summary>
    /// <param name="factor">
    /// Factor on the initial scale of all matrices. The smaller it is, the closer every block starts to the identity.
    /// </param>
    public void StartGates(double factor) => _modulations.ScaleGates(VarInitialization.GateRatio(factor));

    /// <summary>Logits of all tokens of images whose earlier scales are known (teacher forcing), with gradients.</summary>
    /// <param name="class_N">Class of each sequence; may be the null class.</param>
    /// <param name="input_NTC">From <see cref="ScaleQuantizer.TransformerInput"/>.</param>
    /// <returns>N × L × V, float32.</returns>
    public Tensor Forward(Tensor class_N, Tensor input_NTC) => Forward(class_N, input_NTC, null, null);

    /// <summary>The attention mask: 0 for tokens of the same and earlier scales, −∞ otherwise.</summary>
    /// <returns>1 × L × L; the caller disposes it.</returns>
    public Tensor AttentionMask()
    {
        using var scope = new TensorScope();
        Tensor scale_L = ScaleOfToken();
        Tensor isLater_LL = scale_L.Unsqueeze(1).IsLess(scale_L.Unsqueeze(0));
        Tensor mask_LL = Tensor.Zeros([Scales.Length, Scales.Length], device: Device).MaskedFill(isLater_LL, double.NegativeInfinity);
        return scope.Keep(mask_LL.Unsqueeze(0));
    }

    /// <summary>The scale of every token, L integers; the caller disposes the tensor.</summary>
    public Tensor ScaleOfToken()
    {
        long[] scales = [.. Enumerable.Range(0, Scales.Count).SelectMany(i => Enumerable.Repeat((long)i, Scales.TokenCount(i)))];
        using Tensor host = Tensor.From(scales, scales.Length);
        return host.To(Device);
    }

    /// <summary>Begins scale-by-scale prediction.</summary>
    /// <param name="class_N">Class of each sequence; may be the null class.</param>
    internal ScaleDecoding Begin(Tensor class_N)
    {
        using var scope = new TensorScope();
        (Tensor class_NW, Tensor[] modulations, Tensor head_NM) = Condition(class_N);
        return new ScaleDecoding(this, class_NW, modulations, head_NM);
    }

    /// <summary>Teacher forcing with drop path.</summary>
    /// <param name="class_N">Class of each sequence.</param>
    /// <param name="input_NTC">From <see cref="ScaleQuantizer.TransformerInput"/>.</param>
    /// <param name="drop">Drop path, or null.</param>
    /// <param name="observer">Receives the output of every block, or null.</param>
    internal Tensor Forward(Tensor class_N, Tensor input_NTC, DropPath? drop, Action<int, Tensor>? observer)
    {
        using var scope = new TensorScope();
        (Tensor class_NW, Tensor[] modulations, Tensor head_NM) = Condition(class_N);
        Tensor mask_1LL = AttentionMask();
        Tensor x_NLW = Tensor.Cat([FirstTokens(class_NW), Embed(input_NTC)], 1) + Places(0, Scales.Length);
        for (int b = 0; b < _blocks.Length; b++)
        {
            x_NLW = _blocks[b].Forward(x_NLW, modulations[b], mask_1LL, null, drop?.Of(b, _blocks.Length));
            observer?.Invoke(b, x_NLW);
        }

        return scope.Keep(Logits(x_NLW, head_NM));
    }

    /// <summary>Logits of one scale in sampling.</summary>
    /// <param name="decoding">Class-dependent values, and the keys and values of earlier scales.</param>
    /// <param name="scale">The scale.</param>
    /// <param name="input_NTC">Pooled canvas, null for the first scale.</param>
    internal Tensor LogitsOf(ScaleDecoding decoding, int scale, Tensor? input_NTC)
    {
        using var scope = new TensorScope();
        Tensor tokens_NTW = input_NTC is null ? FirstTokens(decoding.Class_NW) : Embed(input_NTC);
        Tensor x_NTW = tokens_NTW + Places(Scales.Start(scale), Scales.TokenCount(scale));
        for (int b = 0; b < _blocks.Length; b++)
        {
            if (_packed is null)
                x_NTW = _blocks[b].Forward(x_NTW, decoding.Modulations[b], null, decoding.Caches[b], null);
            else
                _packed[b].ForwardInPlace(x_NTW, decoding.Modulations[b], decoding.Caches[b]);
        }

        return scope.Keep(Logits(x_NTW, decoding.Head_NM));
    }

    /// <summary>Empty caches of all blocks.</summary>
    internal KeyValueCache[] NewCaches(long sequences) => [.. _blocks.Select(block => new KeyValueCache(
        [sequences, Config.Heads, Scales.Length, Config.HeadSize], block.WeightType, Device))];

    /// <summary>
    /// Copies the matrices of the blocks into the layout of the processor's matrix units, for faster sampling in bfloat16 on a CPU with
    /// such units; otherwise does nothing. The weights must not change afterwards.
    /// </summary>
    internal void PackForSampling()
    {
        if (_packed is not null || !Array.TrueForAll(_blocks, block => PackedScaleBlock.CanPack(block, Config, Device)))
            return;
        var packed = new List<PackedScaleBlock>();
        try
        {
            packed.AddRange(_blocks.Select(block => new PackedScaleBlock(block)));
            _packed = [.. packed];
        }
        catch
        {
            packed.ForEach(block => block.Dispose());
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(_packed ?? [], block => block.Dispose());
        Parameters.Dispose();
    }

    private static IBlockModulations Modulations(ParameterPath root, VarTransformerConfig config) => config.SharedModulation
        ? new SharedModulations(root, root / "blocks", config)
        : new OwnModulations(root / "blocks", config);

    private (Tensor Class_NW, Tensor[] Modulations, Tensor Head_NM) Condition(Tensor class_N)
    {
        Tensor class_NW = _classEmbed.Forward(class_N);
        Tensor condition_NW = Functional.Silu(class_NW);
        return (class_NW, _modulations.Of(condition_NW), _headModulation.Forward(condition_NW).To(ScalarType.Float32));
    }

    private Tensor FirstTokens(Tensor class_NW)
    {
        using var scope = new TensorScope();
        return scope.Keep(class_NW.Unsqueeze(1) + _start_1TW);
    }

    // Computed in float32 even if training uses lower precision for products, because differences between codes are small compared with the
    // position embeddings.
    private Tensor Embed(Tensor input_NTC)
    {
        using Autocast fullPrecision = Autograd.Autocast(Device, ScalarType.Float32);
        using Tensor embedded = _embed.Forward(input_NTC);
        return embedded.To(ScalarType.Float32);
    }

    // Position and scale embeddings of consecutive tokens, 1 × T × W.
    private Tensor Places(int start, int count)
    {
        using var scope = new TensorScope();
        Tensor scale_T = ScaleOfToken().Narrow(0, start, count);
        return scope.Keep(_positions_1LW.Narrow(1, start, count) + _scaleEmbed.Forward(scale_T).Unsqueeze(0));
    }

    private Tensor Logits(Tensor x_NTW, Tensor head_NM)
    {
        using var scope = new TensorScope();
        Tensor[] parts = head_NM.Split(1, Config.Width, Config.Width);
        Tensor y_NTW = BlockOperations.ModulatedLayerNorm(x_NTW, parts[1], parts[0], ScaleBlock.Epsilon, _head.WeightType);
        return scope.Keep(_head.Forward(y_NTW).To(ScalarType.Float32));
    }
}
