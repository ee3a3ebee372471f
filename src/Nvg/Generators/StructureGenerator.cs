using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Generators;

/// <summary>
/// Predicts how clusters split: a rectified-flow transformer whose velocity leads from noise to the structure embedding, given
/// the structure map and the canvas after a stage (paper, section 2.2.1; docs/method.md, section 6).
/// </summary>
/// <remarks>Shapes: N sequences, L positions, C latent channels, K structure channels, W width.</remarks>
public sealed class StructureGenerator
{
    internal const int TimeChannels = 64;

    private const double TimeFactor = 1000;
    private const double MaximumPeriod = 10_000;

    private readonly GeneratorConfig _config;
    private readonly RotaryEmbedding _rotary;
    private readonly Linear _embed;
    private readonly Linear _canvasEmbed;
    private readonly Embedding _classEmbed;
    private readonly Embedding _stageEmbed;
    private readonly Linear _timeIn;
    private readonly Linear _timeOut;
    private readonly TransformerBlock[] _blocks;
    private IBlockStack? _sampling;
    private readonly OutputHead _head;
    private readonly ScalarEmbedding? _stepEmbed;
    private readonly ScalarEmbedding? _guidanceEmbed;

    /// <summary>Creates or loads the parameters whose names begin with <c>structure_</c>.</summary>
    public StructureGenerator(ParameterPath path, GeneratorConfig config)
    {
        _config = config;
        int width = config.StructureWidth, channels = config.Grid.LastStage;
        _rotary = new RotaryEmbedding(config.Grid, config.HeadSize);
        _embed = new Linear(path / "structure_embed", channels, width);
        _classEmbed = new Embedding(path / "structure_class_embed", config.ClassCount + 1, width);
        _canvasEmbed = new Linear(path / "structure_content_cond_embed", config.LatentChannels, width);
        _stageEmbed = new Embedding(path / "structure_stage_embed", config.StructureStageCount, width);
        _timeIn = new Linear(path / "structure_time_embed" / "in_layer", TimeChannels, width);
        _timeOut = new Linear(path / "structure_time_embed" / "out_layer", width, width);
        _blocks = [.. Enumerable.Range(0, config.Depth).Select(i =>
            new TransformerBlock(path / "structure_blocks" / i, width, config.HeadSize, config.MlpRatio))];
        _head = new OutputHead(path / "structure_head", width, channels);
        // Absent from published checkpoints. Created last, so that the random weights of the other layers do not depend on them.
        _stepEmbed = config.StructureStepInput ? new ScalarEmbedding(path / "structure_step_embed", width) : null;
        _guidanceEmbed = config.StructureGuidanceLimit is null ? null : new ScalarEmbedding(path / "structure_guidance_embed", width);
    }

    /// <summary>
    /// Whether the length of an interval is an input, so that one pass predicts the average velocity over it
    /// (<see cref="GeneratorConfig.StructureStepInput"/>).
    /// </summary>
    public bool TakesStep => _stepEmbed is not null;

    /// <summary>
    /// The largest guidance scale that is an input, so that a guided step is one pass; null if it is not an input
    /// (<see cref="GeneratorConfig.StructureGuidanceLimit"/>).
    /// </summary>
    public double? GuidanceLimit => _config.StructureGuidanceLimit;

    /// <summary>Predicts the velocity v = ε − s of every sequence.</summary>
    /// <param name="z_NLK">The point t · ε + (1 − t) · s of the flow, where s is the structure embedding minus one.</param>
    /// <param name="canvas_NLC">Unscaled canvases after the stage.</param>
    /// <param name="structure_NLK">Embedding of the stage's structure map, in {0, 1, 2}.</param>
    /// <param name="stage_N">Stage of each sequence, 0…K − 2.</param>
    /// <param name="time_N">Time t in [0, 1], where 1 is noise.</param>
    /// <param name="class_N">Class of each sequence; may be the null class.</param>
    /// <param name="training">Drop path, or null outside training.</param>
    /// <returns>N × L × K, float32.</returns>
    public Tensor PredictVelocity(
        Tensor z_NLK, Tensor canvas_NLC, Tensor structure_NLK, Tensor stage_N, Tensor time_N, Tensor class_N,
        BlockTraining? training = null)
    {
        using Tensor time_1N = time_N.Unsqueeze(0);
        using StructureCondition condition = Condition(canvas_NLC, structure_NLK, stage_N, time_1N, class_N);
        return PredictVelocity(condition, 0, z_NLK, training);
    }

    /// <summary>
    /// Predicts the average velocity of every sequence over an interval of time: z − step · velocity is the point at its end. For an
    /// interval of length zero, the average is the velocity itself.
    /// </summary>
    /// <param name="z_NLK">The point of the flow at the start of the interval.</param>
    /// <param name="canvas_NLC">Unscaled canvases after the stage.</param>
    /// <param name="structure_NLK">Embedding of the stage's structure map, in {0, 1, 2}.</param>
    /// <param name="stage_N">Stage of each sequence, 0…K − 2.</param>
    /// <param name="time_N">Start of the interval in [0, 1], where 1 is noise.</param>
    /// <param name="step_N">Length of the interval, at most the time.</param>
    /// <param name="class_N">Class of each sequence; may be the null class.</param>
    /// <param name="guidance_N">Guidance scale from 1 to <see cref="GuidanceLimit"/>; null for 1.</param>
    /// <param name="training">Drop path, or null outside training.</param>
    /// <returns>N × L × K, float32.</returns>
    /// <exception cref="InvalidOperationException">Step or guidance is not an input of this generator.</exception>
    public Tensor PredictAverageVelocity(
        Tensor z_NLK, Tensor canvas_NLC, Tensor structure_NLK, Tensor stage_N, Tensor time_N, Tensor step_N, Tensor class_N,
        Tensor? guidance_N = null, BlockTraining? training = null)
    {
        using Tensor time_1N = time_N.Unsqueeze(0);
        using Tensor step_1N = step_N.Unsqueeze(0);
        using StructureCondition condition = Condition(
            canvas_NLC, structure_NLK, stage_N, time_1N, class_N, step_SN: step_1N, guidance_N: guidance_N);
        return PredictVelocity(condition, 0, z_NLK, training);
    }

    /// <summary>Computes the parts of a stage's velocities that do not depend on the moving point, for several times at once.</summary>
    /// <param name="canvas_NLC">Unscaled canvases after the stage.</param>
    /// <param name="structure_NLK">Embedding of the stage's structure map.</param>
    /// <param name="stage_N">Stage of each sequence.</param>
    /// <param name="time_SN">Times of S steps, per sequence.</param>
    /// <param name="class_N">Class of each sequence.</param>
    /// <param name="blend">Interpolation between classes, or null.</param>
    /// <param name="step_SN">Lengths of the steps, or null for velocities.</param>
    /// <param name="guidance_N">Guidance scale of each sequence, or null for 1.</param>
    internal StructureCondition Condition(
        Tensor canvas_NLC, Tensor structure_NLK, Tensor stage_N, Tensor time_SN, Tensor class_N, ClassBlend? blend = null,
        Tensor? step_SN = null, Tensor? guidance_N = null)
    {
        if ((step_SN is not null && _stepEmbed is null) || (guidance_N is not null && _guidanceEmbed is null))
            throw new InvalidOperationException("the structure generator has no such input");
        using var scope = new TensorScope();
        long steps = time_SN.Size(0), count = time_SN.Size(1);
        Tensor class_NW = ClassBlend.Embed(_classEmbed, class_N, blend);
        Tensor time_SNW = _timeOut.Forward(Functional.Silu(_timeIn.Forward(TimeEmbedding(time_SN.Reshape(-1)))))
            .To(ScalarType.Float32).Reshape(steps, count, _config.StructureWidth);
        if (step_SN is not null)
            time_SNW += _stepEmbed!.Forward(step_SN.Reshape(-1)).Reshape(steps, count, _config.StructureWidth);
        if (guidance_N is not null)
            time_SNW += _guidanceEmbed!.Forward((guidance_N - 1) / GuidanceLimit!.Value);
        return new StructureCondition
        {
            Rotary = _rotary.Table(structure_NLK, RotaryEmbedding.TokenType.CanvasCondition, RotaryEmbedding.TokenType.Latent).Own(),
            Prefix_NTW = Tensor.Cat([class_NW.Unsqueeze(1), _canvasEmbed.Forward(canvas_NLC).To(ScalarType.Float32)], 1).Own(),
            Vectors_SNW = Functional.Silu(class_NW + _stageEmbed.Forward(stage_N) + time_SNW).Own(),
        };
    }

    /// <summary>Predicts the velocity of one step.</summary>
    /// <param name="condition">From <see cref="Condition"/>.</param>
    /// <param name="step">Index of the time.</param>
    /// <param name="z_NLK">The moving point.</param>
    /// <param name="training">Drop path, or null outside training.</param>
    internal Tensor PredictVelocity(StructureCondition condition, int step, Tensor z_NLK, BlockTraining? training = null)
    {
        using var scope = new TensorScope();
        long length = _config.Grid.Length;
        Tensor structure_NLW = _embed.Forward(z_NLK).To(ScalarType.Float32);
        Tensor tokens_NTW = Tensor.Cat([condition.Prefix_NTW, structure_NLW], 1);
        Tensor[] modulations = condition.Modulations(step, [.. _blocks.Select(b => (Func<Tensor, Tensor>)b.Modulation), _head.Modulation]);
        tokens_NTW = BlockTraining.Run(_blocks, _sampling, tokens_NTW, modulations[..^1], condition.Rotary, training);
        return scope.Keep(_head.Forward(tokens_NTW.Narrow(1, 1 + length, length), modulations[^1]));
    }

    /// <summary>The stack of transformer blocks.</summary>
    internal TransformerBlock[] Blocks => _blocks;

    /// <summary>Creates a generator that shares all parameters and samples with a prepared stack of blocks. It cannot be trained.</summary>
    /// <param name="stack">Borrowed.</param>
    internal StructureGenerator WithBlocks(IBlockStack stack)
    {
        var copy = (StructureGenerator)MemberwiseClone();
        copy._sampling = stack;
        return copy;
    }

    /// <summary>
    /// Zeroes the embeddings of step length and guidance scale, so that the model initially behaves as if it had no such inputs.
    /// </summary>
    internal void IgnoreNewInputs()
    {
        _stepEmbed?.StartAtZero();
        _guidanceEmbed?.StartAtZero();
    }

    /// <summary>Sinusoidal embedding of 1000 t: cosines, then sines, at 32 frequencies from 1 down to 10,000^(−31/32).</summary>
    /// <param name="time_N">Times t in [0, 1].</param>
    /// <returns>N × 64.</returns>
    public static Tensor TimeEmbedding(Tensor time_N)
    {
        using var scope = new TensorScope();
        const int half = TimeChannels / 2;
        Tensor frequency_F = (Tensor.Arange(0, half, device: time_N.Device) * (-Math.Log(MaximumPeriod) / half)).Exp();
        Tensor angle_NF = (time_N.To(ScalarType.Float32) * TimeFactor).Unsqueeze(1) * frequency_F;
        return scope.Keep(Tensor.Cat([angle_NF.Cos(), angle_NF.Sin()], 1));
    }
}
