using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// The generation loop (paper, algorithm 2; docs/method.md, section 7): starting from an empty canvas and a single cluster, it proceeds
/// from coarse to fine. Each step generates the content of a stage, then the structure map of the next.
/// </summary>
/// <remarks>Shapes: B images, L positions, C latent channels.</remarks>
public sealed class NvgSampler
{
    private readonly GeneratorConfig _config;
    private readonly Device _device;
    private readonly ContentSampler _content;
    private readonly StructureSampler _structure;
    private readonly Quantizer _quantizer;

    /// <summary>Samples with a model's unpacked weights.</summary>
    /// <param name="generator">Predicts content and structure; borrowed.</param>
    /// <param name="quantizer">Turns tokens into contributions to the canvas; borrowed.</param>
    public NvgSampler(NvgGenerator generator, Quantizer quantizer)
        : this(generator.Config, generator.Device, generator.Content, generator.Structure, quantizer)
    {
    }

    /// <summary>Samples with weights that are packed for sampling, which is faster in bfloat16 on a CPU.</summary>
    /// <param name="generator">Predicts content and structure; borrowed.</param>
    /// <param name="quantizer">Turns tokens into contributions to the canvas; borrowed.</param>
    public NvgSampler(PackedGenerator generator, Quantizer quantizer)
        : this(generator.Config, generator.Device, generator.Content, generator.Structure, quantizer)
    {
    }

    /// <summary>Samples with generators of different models that share a tokenizer.</summary>
    /// <param name="config">Sizes and inputs of the generators.</param>
    /// <param name="device">Device of the generators.</param>
    /// <param name="content">Predicts content; borrowed.</param>
    /// <param name="structure">Predicts structure maps; borrowed.</param>
    /// <param name="quantizer">Turns tokens into contributions to the canvas; borrowed.</param>
    internal NvgSampler(GeneratorConfig config, Device device, ContentGenerator content, StructureGenerator structure, Quantizer quantizer)
    {
        (_config, _device, _quantizer) = (config, device, quantizer);
        DefersChecks = device.Type == DeviceType.Cuda;
        _content = new ContentSampler(content, config.NullClass);
        _structure = new StructureSampler(structure, config.NullClass);
    }

    /// <summary>
    /// Whether non-finite values are detected only at the end of a batch, so that a GPU processes it without waiting for the host.
    /// </summary>
    internal bool DefersChecks { get; init; }

    /// <summary>
    /// Decodes canvases, B × L × C, to images, B × 3 × H × W in [−1, 1], so that content follows the colours of given drawings
    /// (<see cref="PartialSequence.Colours"/>); null to ignore colours.
    /// </summary>
    public Func<Tensor, Tensor>? Decode { get; init; }

    /// <summary>Draws sequences.</summary>
    /// <param name="classes">Class of each image.</param>
    /// <param name="noise">Random numbers of each image; borrowed.</param>
    /// <param name="options">Settings.</param>
    /// <param name="given">The given parts of each image, or null for none.</param>
    /// <param name="observer">Called after every stage, or null.</param>
    /// <param name="blend">Target classes of the interpolation, or null; borrowed.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The sequences and their final canvas; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">Settings, classes, noise or given sequences are invalid.</exception>
    /// <exception cref="NvgDataException">A network predicted values that are not finite; the message names part and image.</exception>
    /// <exception cref="OperationCanceledException">The operation was cancelled.</exception>
    public SampledBatch Sample(
        IReadOnlyList<int> classes, ImageNoise noise, SamplingOptions options, IReadOnlyList<PartialSequence>? given = null,
        Action<StageResult>? observer = null, ClassBlend? blend = null, CancellationToken cancellation = default)
    {
        Check(classes, noise, options);
        GivenBatch? givenBatch = given is null ? null : GivenBatch.Create(given, classes.Count, _config.Grid, _config.CodebookSize);
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        // An observer of every stage must not see values that are rejected later.
        using FiniteChecks? checks = DefersChecks && observer is null ? new FiniteChecks() : null;
        var first = new StageContext
        {
            Stage = 0,
            Grid = _config.Grid,
            Canvas_BLC = Tensor.Zeros([classes.Count, _config.Grid.Length, _config.LatentChannels], device: _device),
            Labels_BL = Tensor.Zeros([classes.Count, _config.Grid.Length], ScalarType.Int64, _device),
            Classes = new ClassConditioning(Tensor.From([.. classes.Select(c => (long)c)], classes.Count).Send(_device), blend),
            Noise = noise,
            Options = options,
            Given = givenBatch,
            Checks = checks,
            Cancellation = cancellation,
        };
        return Run(first, observer);
    }

    // The main loop. The canvas and the structure map are passed from stage to stage.
    private SampledBatch Run(StageContext stage, Action<StageResult>? observer)
    {
        using var scope = new TensorScope();
        ColourChoice? colours = Decode is null ? null : new ColourChoice(_quantizer, Decode);
        var maps = new List<Tensor>();
        var content = new List<Tensor>();
        var positions = new List<Tensor>();
        for (int i = 0; i <= stage.Grid.LastStage; i++)
        {
            using var stageScope = new TensorScope();
            StageContent tokens = _content.Sample(stage, colours);
            Tensor canvas_BLC = stage.Canvas_BLC + _quantizer.Contribution(i, tokens.Tokens_BL);
            stage.RequireFinite(canvas_BLC, $"quantizer in stage {i}");
            StageSplit? split = i < stage.Grid.LastStage ? _structure.Sample(stage with { Canvas_BLC = canvas_BLC }) : null;
            observer?.Invoke(StageResult.Create(stage, tokens, canvas_BLC, split));
            maps.Add(stage.Labels_BL);
            content.Add(stageScope.Keep(tokens.Tokens_BN));
            positions.Add(stageScope.Keep(tokens.Tokens_BL));
            stage = stage with
            {
                Stage = i + 1,
                Canvas_BLC = stageScope.Keep(canvas_BLC),
                Labels_BL = split is null ? stage.Labels_BL : stageScope.Keep(split.Labels_BL),
            };
        }

        stage.Checks?.Require();
        // A border may give a cluster several tokens. If parts were given, tokens are therefore also kept by position.
        Tensor? tokens_BSL = stage.Given is null ? null : Tensor.Stack([.. positions], 1);
        return new SampledBatch(new GranularitySequence(stage.Grid, Tensor.Stack([.. maps], 1), content, tokens_BSL), stage.Canvas_BLC);
    }

    private void Check(IReadOnlyList<int> classes, ImageNoise noise, SamplingOptions options)
    {
        LatentGrid grid = _config.Grid;
        if (options.Validate(_config).ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        if (classes.Any(c => c < 0 || c > _config.NullClass))
            throw new ArgumentException($"classes must be in 0…{_config.NullClass}");
        if (!noise.Structure_BLK.Shape.SequenceEqual([classes.Count, grid.Length, grid.LastStage]))
        {
            throw new ArgumentException(
                $"noise for {classes.Count} images of {grid.Length} positions is needed, it is {noise.Structure_BLK}");
        }
    }

    /// <summary>Generates only the content of one stage.</summary>
    internal StageContent SampleContent(StageContext stage) => _content.Sample(stage);

    /// <summary>Generates only the structure map after one stage.</summary>
    internal StageSplit SampleStructure(StageContext stage) => _structure.Sample(stage);
}
