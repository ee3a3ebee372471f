using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// The generation loop (paper, algorithm of section 3.4; specification, section 7): content of a stage, then structure of
/// the next, from an empty canvas and one cluster, coarse to fine.
/// </summary>
/// <remarks>Shapes: B images, L positions, C latent channels, K structure channels, V codes, N = 2^i clusters.</remarks>
public sealed class NvgSampler
{
    private readonly NvgGenerator _generator;
    private readonly Quantizer _quantizer;
    private readonly LatentGrid _grid;

    /// <param name="generator">Predicts content and structure; borrowed, and packed for sampling.</param>
    /// <param name="quantizer">Turns tokens into contributions to the canvas; borrowed.</param>
    public NvgSampler(NvgGenerator generator, Quantizer quantizer)
    {
        _generator = generator;
        _generator.PackForSampling();
        _quantizer = quantizer;
        _grid = generator.Config.Grid;
    }

    /// <summary>Draws sequences.</summary>
    /// <param name="classes">Class of each image.</param>
    /// <param name="noise">Random numbers of each image.</param>
    /// <param name="options">Settings.</param>
    /// <param name="given">What is fixed.</param>
    /// <param name="observer">Sees every stage as it is done.</param>
    /// <param name="cancellation">Looked at before every pass of a network.</param>
    /// <returns>The sequences and their final canvas, B × L × C; both belong to the caller.</returns>
    /// <exception cref="ArgumentException">Settings or given stages are invalid.</exception>
    public (GranularitySequence Sequence, Tensor Canvas_BLC) Sample(
        IReadOnlyList<int> classes, ImageNoise noise, SamplingOptions options, GivenStages? given = null,
        Action<StageResult>? observer = null, CancellationToken cancellation = default)
    {
        given ??= GivenStages.None;
        if (options.Validate(_grid.LastStage).ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        if (classes.Any(c => c < 0 || c > _generator.Config.NullClass))
            throw new ArgumentException($"classes must lie in 0…{_generator.Config.NullClass}");
        if (!noise.Structure_BLK.Shape.SequenceEqual([classes.Count, _grid.Length, _grid.LastStage]))
            throw new ArgumentException($"noise for {classes.Count} images of {_grid.Length} positions is needed, it is {noise.Structure_BLK}");
        given.Check(classes.Count, _grid.Length, _generator.Config.CodebookSize);

        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Device device = _generator.Device;
        int count = classes.Count;
        Tensor class_B = Tensor.From([.. classes.Select(c => (long)c)], count).To(device);
        Tensor canvas_BLC = Tensor.Zeros([count, _grid.Length, _generator.Config.LatentChannels], device: device);
        Tensor labels_BL = Tensor.Zeros([count, _grid.Length], ScalarType.Int64, device);
        var maps = new List<Tensor>();
        var content = new List<Tensor>();
        for (int i = 0; i <= _grid.LastStage; i++)
        {
            using var stageScope = new TensorScope();
            using var clusters = new ClusterMean(labels_BL, LatentGrid.ClusterCount(i));
            (Tensor? predicted_NLC, Tensor? logits_BNV) = (null, null);
            Tensor tokens_BN;
            if (i < given.Content.Count)
            {
                tokens_BN = given.Content[i].To(device);
            }
            else
            {
                (predicted_NLC, logits_BNV) = Content(i, canvas_BLC, labels_BL, class_B, clusters, options, cancellation);
                tokens_BN = Draw(i, logits_BNV, noise, options);
            }

            Tensor next_BLC = canvas_BLC + _quantizer.Contribution(i, labels_BL, tokens_BN);
            (Tensor? scores_BL, Tensor? nextLabels_BL, int steps) = (null, null, 0);
            if (i < _grid.LastStage)
            {
                (scores_BL, nextLabels_BL, steps) = i + 1 < given.StructureStages
                    ? (null, given.Structure_BML!.Select(1, i + 1).To(device), 0)
                    : Split(i, next_BLC, labels_BL, class_B, noise, options, cancellation);
            }

            observer?.Invoke(new StageResult(i, predicted_NLC, logits_BNV, labels_BL, tokens_BN, next_BLC, scores_BL, nextLabels_BL, steps));
            maps.Add(labels_BL);
            content.Add(stageScope.Keep(tokens_BN));
            canvas_BLC = stageScope.Keep(next_BLC);
            if (nextLabels_BL is not null)
                labels_BL = stageScope.Keep(nextLabels_BL);
        }

        return (new GranularitySequence(_grid, Tensor.Stack([.. maps], 1), content), canvas_BLC.Own());
    }

    /// <summary>Logits and tokens of one stage.</summary>
    internal (Tensor Logits_BNV, Tensor Tokens_BN) Tokens(
        int stage, Tensor canvas_BLC, Tensor labels_BL, Tensor class_B, ImageNoise noise, SamplingOptions options, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        using var clusters = new ClusterMean(labels_BL, LatentGrid.ClusterCount(stage));
        (_, Tensor logits_BNV) = Content(stage, canvas_BLC, labels_BL, class_B, clusters, options, cancellation);
        return (scope.Keep(logits_BNV), scope.Keep(Draw(stage, logits_BNV, noise, options)));
    }

    private Tensor Draw(int stage, Tensor logits_BNV, ImageNoise noise, SamplingOptions options) =>
        TokenSampling.Draw(logits_BNV, noise.Tokens(stage), options.Temperature, options.TopK, options.TopP.At(stage, _grid.LastStage));

    private (Tensor Predicted_NLC, Tensor Logits_BNV) Content(
        int stage, Tensor canvas_BLC, Tensor labels_BL, Tensor class_B, ClusterMean clusters, SamplingOptions options, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var scope = new TensorScope();
        double guidance = options.ContentGuidance.At(stage, _grid.LastStage);
        bool guided = guidance != 1;
        ContentGenerator generator = _generator.Content;
        Tensor structure_BLK = StructureEmbedding.Embed(labels_BL, stage, _grid.LastStage);
        Tensor class_N = WithNull(class_B, guided);
        Tensor stage_N = Tensor.Full(class_N.Shape.ToArray(), stage, ScalarType.Int64, class_B.Device);
        Tensor predicted_NLC = generator.PredictFinalCanvas(Twice(canvas_BLC, guided), Twice(structure_BLK, guided), stage_N, class_N);
        long count = canvas_BLC.Size(0);
        Tensor logits_BNV = generator.Logits(predicted_NLC.Narrow(0, 0, count), canvas_BLC, clusters);
        if (guided)
            logits_BNV = TokenSampling.Guide(logits_BNV, generator.Logits(predicted_NLC.Narrow(0, count, count), canvas_BLC, clusters), guidance);
        return (scope.Keep(predicted_NLC), scope.Keep(logits_BNV));
    }

    /// <summary>The structure of the next stage, by the flow's channel for this split, or for the last split by the noise itself.</summary>
    /// <returns>What the split was ranked by, the next map, and the steps that the flow took.</returns>
    internal (Tensor Scores_BL, Tensor Labels_BL, int Steps) Split(
        int stage, Tensor canvas_BLC, Tensor labels_BL, Tensor class_B, ImageNoise noise, SamplingOptions options, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        if (stage == _grid.LastStage - 1)
        {
            Tensor noise_BL = noise.Structure_BLK.Select(2, stage);
            return (scope.Keep(noise_BL), scope.Keep(StructureSplit.ByScore(labels_BL, noise_BL, LatentGrid.ClusterCount(stage))), 0);
        }

        Tensor? gumbel_BL = options.Gumbel ? noise.Gumbel(stage) : null;
        (Tensor channel_BL, int steps) = Flow(stage, canvas_BLC, labels_BL, class_B, noise.Structure_BLK, gumbel_BL, options, cancellation);
        return (scope.Keep(channel_BL), scope.Keep(SplitBy(channel_BL, labels_BL, stage, gumbel_BL)), steps);
    }

    private static Tensor SplitBy(Tensor channel_BL, Tensor labels_BL, int stage, Tensor? gumbel_BL)
    {
        using Tensor scores_BL = StructureSplit.Scores(labels_BL, channel_BL, LatentGrid.ClusterCount(stage), gumbel_BL);
        return StructureSplit.ByScore(labels_BL, scores_BL, LatentGrid.ClusterCount(stage));
    }

    private (Tensor Channel_BL, int Steps) Flow(
        int stage, Tensor canvas_BLC, Tensor labels_BL, Tensor class_B, Tensor noise_BLK, Tensor? gumbel_BL, SamplingOptions options, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        double guidance = options.StructureGuidance.At(stage, _grid.LastStage);
        bool guided = guidance != 1;
        int steps = options.StructureSteps.At(stage);
        StructureGenerator generator = _generator.Structure;
        Tensor structure_BLK = StructureEmbedding.Embed(labels_BL, stage, _grid.LastStage);
        Tensor class_N = WithNull(class_B, guided);
        Tensor stage_N = Tensor.Full(class_N.Shape.ToArray(), stage, ScalarType.Int64, class_B.Device);
        double[] times = FlowSchedule.Times(steps, _grid.Length);
        Tensor time_SN = Tensor.From(times, times.Length).To(class_B.Device, ScalarType.Float32).Narrow(0, 0, steps).Unsqueeze(1).Expand(-1, class_N.Size(0));
        using StructureCondition condition = generator.Condition(Twice(canvas_BLC, guided), Twice(structure_BLK, guided), stage_N, time_SN, class_N);
        // Known channels are put back after every step, so only the unknown ones move.
        Tensor known_BLK = (structure_BLK - 1).Narrow(2, 0, stage);
        Tensor unknown_BLK = noise_BLK.Narrow(2, stage, _grid.LastStage - stage);
        Tensor Velocity(int time, Tensor moving_BLK)
        {
            cancellation.ThrowIfCancellationRequested();
            using var stepScope = new TensorScope();
            Tensor z_BLK = Tensor.Cat([known_BLK, moving_BLK], 2);
            Tensor velocity_NLK = generator.PredictVelocity(condition, time, Twice(z_BLK, guided)).Narrow(2, stage, moving_BLK.Size(2));
            long count = moving_BLK.Size(0);
            return stepScope.Keep(guided
                ? TokenSampling.Guide(velocity_NLK.Narrow(0, 0, count), velocity_NLK.Narrow(0, count, count), guidance)
                : velocity_NLK);
        }

        // All ways from noise begin with the same velocity.
        Tensor first_BLK = Velocity(0, unknown_BLK);
        if (options.StructureSteps.Tolerance is not { } tolerance)
            return (scope.Keep(Euler(unknown_BLK, first_BLK, times, 1, Velocity)), steps);
        using var refinement = new SplitRefinement(tolerance, (int)class_B.Size(0));
        int taken = 1;
        for (int stride = steps; stride >= 1 && !refinement.Done; stride /= 2)
        {
            Tensor channel_BL = Euler(unknown_BLK, first_BLK, times, stride, Velocity);
            refinement.Add(channel_BL, SplitBy(channel_BL, labels_BL, stage, gumbel_BL));
            taken += steps / stride - 1;
        }

        return (scope.Keep(refinement.Channel_BL.Alias()), taken);
    }

    // Euler steps over every stride-th time; the first unknown channel at the end.
    private static Tensor Euler(Tensor start_BLK, Tensor firstVelocity_BLK, double[] times, int stride, Func<int, Tensor, Tensor> velocity)
    {
        using var scope = new TensorScope();
        Tensor z_BLK = start_BLK;
        for (int time = 0; time + stride < times.Length; time += stride)
        {
            using var stepScope = new TensorScope();
            Tensor velocity_BLK = time == 0 ? firstVelocity_BLK : velocity(time, z_BLK);
            z_BLK = stepScope.Keep(z_BLK + velocity_BLK * (times[time + stride] - times[time]));
        }

        return scope.Keep(z_BLK.Select(2, 0));
    }

    private Tensor WithNull(Tensor class_B, bool guided) => guided
        ? Tensor.Cat([class_B, Tensor.Full(class_B.Shape.ToArray(), _generator.Config.NullClass, ScalarType.Int64, class_B.Device)], 0)
        : class_B.Alias();

    private static Tensor Twice(Tensor x, bool guided) => guided ? Tensor.Cat([x, x], 0) : x.Alias();
}
