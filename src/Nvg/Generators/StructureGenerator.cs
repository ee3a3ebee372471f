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
    private const int TimeChannels = 64;
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
    private PackedBlock[]? _packed;
    private readonly OutputHead _head;

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
    }

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

    /// <summary>Computes the parts of a stage's velocities that do not depend on the moving point, for several times at once.</summary>
    /// <param name="canvas_NLC">Unscaled canvases after the stage.</param>
    /// <param name="structure_NLK">Embedding of the stage's structure map.</param>
    /// <param name="stage_N">Stage of each sequence.</param>
    /// <param name="time_SN">Times of S steps, per sequence.</param>
    /// <param name="class_N">Class of each sequence.</param>
    /// <param name="blend">Interpolation between classes, or null.</param>
    internal StructureCondition Condition(
        Tensor canvas_NLC, Tensor structure_NLK, Tensor stage_N, Tensor time_SN, Tensor class_N, ClassBlend? blend = null)
    {
        using var scope = new TensorScope();
        long steps = time_SN.Size(0), count = time_SN.Size(1);
        Tensor class_NW = ClassBlend.Embed(_classEmbed, class_N, blend);
        Tensor time_SNW = _timeOut.Forward(Functional.Silu(_timeIn.Forward(TimeEmbedding(time_SN.Reshape(-1)))))
            .To(ScalarType.Float32).Reshape(steps, count, _config.StructureWidth);
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
        tokens_NTW = BlockTraining.Run(_blocks, _packed, tokens_NTW, modulations[..^1], condition.Rotary, training);
        return scope.Keep(_head.Forward(tokens_NTW.Narrow(1, 1 + length, length), modulations[^1]));
    }

    /// <summary>The stack of transformer blocks.</summary>
    internal TransformerBlock[] Blocks => _blocks;

    /// <summary>A generator that shares all parameters, with packed blocks in place of its own.</summary>
    /// <param name="packed">One for each block; borrowed.</param>
    internal StructureGenerator WithBlocks(PackedBlock[] packed)
    {
        var copy = (StructureGenerator)MemberwiseClone();
        copy._packed = packed;
        return copy;
    }

    /// <summary>Sinusoidal embedding of 1000 t: cosines, then sines, at frequencies from 1 down to 1/10,000.</summary>
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
