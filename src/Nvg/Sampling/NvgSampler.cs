using Nvg.Conditioning;
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
    /// <param name="blend">Classes on the way to others, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The sequences and their final canvas, B × L × C; both belong to the caller.</returns>
    /// <exception cref="ArgumentException">Settings or given stages are invalid.</exception>
    public (GranularitySequence Sequence, Tensor Canvas_BLC) Sample(
        IReadOnlyList<int> classes, ImageNoise noise, SamplingOptions options, GivenStages? given = null,
        Action<StageResult>? observer = null, ClassBlend? blend = null, CancellationToken cancellation = default)
    {
        given ??= GivenStages.None;
        if (options.Validate(_grid.LastStage).ToList() is { Count: > 0 } problems)
            throw new ArgumentException(string.Join("; ", problems));
        if (classes.Any(c => c < 0 || c > _generator.Config.NullClass))
            throw new ArgumentException($"classes must lie in 0…{_generator.Config.NullClass}");
        if (!noise.Structure_BLK.Shape.SequenceEqual([classes.Count, _grid.Length, _grid.LastStage]))
            throw new ArgumentException($"noise for {classes.Count} images of {_grid.Length} positions is needed, it is {noise.Structure_BLK}");
        given.Check(classes.Count, _grid, _generator.Config.CodebookSize);

        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Device device = _generator.Device;
        int count = classes.Count;
        Tensor class_B = Tensor.From([.. classes.Select(c => (long)c)], count).To(device);
        Tensor canvas_BLC = Tensor.Zeros([count, _grid.Length, _generator.Config.LatentChannels], device: device);
        Tensor labels_BL = Tensor.Zeros([count, _grid.Length], ScalarType.Int64, device);
        var maps = new List<Tensor>();
        var content = new List<Tensor>();
        var positions = new List<Tensor>();
        var classes_B = new SampledClasses(class_B, blend);
        for (int i = 0; i <= _grid.LastStage; i++)
        {
            using var stageScope = new TensorScope();
            StageContent stage = Fill(i, canvas_BLC, labels_BL, classes_B, noise, options, given, cancellation);
            Tensor next_BLC = canvas_BLC + _quantizer.Contribution(i, stage.Tokens_BL);
            (Tensor? scores_BL, Tensor? nextLabels_BL, int steps) = i < _grid.LastStage
                ? Grow(i, next_BLC, labels_BL, classes_B, noise, options, given, cancellation)
                : (null, null, 0);
            observer?.Invoke(new StageResult(i, stage.Predicted_NLC, stage.Logits_RNV, labels_BL, stage.Tokens_BN, next_BLC, scores_BL, nextLabels_BL, steps));
            maps.Add(labels_BL);
            content.Add(stageScope.Keep(stage.Tokens_BN));
            positions.Add(stageScope.Keep(stage.Tokens_BL));
            canvas_BLC = stageScope.Keep(next_BLC);
            if (nextLabels_BL is not null)
                labels_BL = stageScope.Keep(nextLabels_BL);
        }

        Tensor? tokens_BSL = given.Sequences is null ? null : Tensor.Stack([.. positions], 1);
        return (new GranularitySequence(_grid, Tensor.Stack([.. maps], 1), content, tokens_BSL), canvas_BLC.Own());
    }

    // The content of a stage: what is given, and for the rest what the generator draws.
    private StageContent Fill(
        int stage, Tensor canvas_BLC, Tensor labels_BL, SampledClasses classes, ImageNoise noise, SamplingOptions options, GivenStages given, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        GivenValues? known = given.TokensOf(stage, labels_BL);
        if (known is { IsWhole: true })
            return new StageContent(null, null, scope.Keep(TokensOfClusters(stage, labels_BL, known.Values_BL)), scope.Keep(known.Values_BL));
        int count = (int)labels_BL.Size(0);
        var rows = new BatchRows(known?.OpenRows ?? AllRows(count), count, labels_BL.Device);
        using ImageNoise rowNoise = noise.Rows(rows);
        using var clusters = new ClusterMean(rows.Of(labels_BL), LatentGrid.ClusterCount(stage));
        GivenValues? rowKnown = known?.Rows(rows);
        Tensor? counts_RL = rowKnown is not null ? 1 - rowKnown.Known_BL.To(ScalarType.Float32) : null;
        (Tensor predicted_NLC, Tensor logits_RNV) = Content(stage, rows.Of(canvas_BLC), rows.Of(labels_BL), classes.Rows(rows), clusters, options, counts_RL, cancellation);
        Tensor drawn_RN = Draw(stage, logits_RNV, rowNoise, options);
        if (known is null)
            return new StageContent(scope.Keep(predicted_NLC), scope.Keep(logits_RNV), scope.Keep(drawn_RN), scope.Keep(clusters.Spread(drawn_RN)));
        Tensor drawn_RL = Bordered(clusters.Spread(drawn_RN), rowKnown!, rows.Of(labels_BL), [.. rows.Numbers.Select(b => given.Sequences![(int)b].Border)]);
        Tensor tokens_BL = known.Known_BL.Where(known.Values_BL, rows.Back(drawn_RL));
        return new StageContent(scope.Keep(predicted_NLC), scope.Keep(logits_RNV), scope.Keep(TokensOfClusters(stage, labels_BL, tokens_BL)), scope.Keep(tokens_BL));
    }

    // Where a border must not run through clusters, those with a given position use a given token throughout.
    private static Tensor Bordered(Tensor drawn_RL, GivenValues known, Tensor labels_RL, BorderRule[] borders)
    {
        if (!borders.Contains(BorderRule.Keep))
            return drawn_RL.Alias();
        long[] drawn = drawn_RL.ToArray<long>(), given = known.Values_BL.ToArray<long>(), labels = labels_RL.ToArray<long>();
        int length = drawn.Length / borders.Length;
        for (int r = 0; r < borders.Length; r++)
        {
            if (borders[r] == BorderRule.Keep)
                KeptTokens.Spread(labels.AsSpan(r * length, length), given.AsSpan(r * length, length), drawn.AsSpan(r * length, length));
        }

        using Tensor kept_RL = Tensor.From(drawn, borders.Length, length);
        return kept_RL.To(drawn_RL.Device);
    }

    // One token of each cluster; where there are several, the largest number.
    private static Tensor TokensOfClusters(int stage, Tensor labels_BL, Tensor tokens_BL)
    {
        using var clusters = new ClusterMean(labels_BL, LatentGrid.ClusterCount(stage));
        return clusters.Largest(tokens_BL);
    }

    // The structure map of the next stage: what is given, and for the rest what the flow says.
    private (Tensor? Scores_BL, Tensor Labels_BL, int Steps) Grow(
        int stage, Tensor canvas_BLC, Tensor labels_BL, SampledClasses classes, ImageNoise noise, SamplingOptions options, GivenStages given, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        GivenValues? known = given.LabelsOf(stage + 1, labels_BL.Device);
        if (known is { IsWhole: true })
            return (null, scope.Keep(known.Values_BL), 0);
        int count = (int)labels_BL.Size(0);
        var rows = new BatchRows(known?.OpenRows ?? AllRows(count), count, labels_BL.Device);
        using ImageNoise rowNoise = noise.Rows(rows);
        SplitPins? pins = known is null ? null : SplitPins.Of(stage, [.. rows.Numbers.Select(b => given.Sequences![(int)b])], labels_BL.Device);
        (Tensor scores_RL, Tensor next_RL, int steps) = Split(stage, rows.Of(canvas_BLC), rows.Of(labels_BL), classes.Rows(rows), rowNoise, options, pins, cancellation);
        Tensor next_BL = known is null ? next_RL : known.Known_BL.Where(known.Values_BL, rows.Back(next_RL));
        return (scope.Keep(scores_RL), scope.Keep(next_BL), steps);
    }

    private static long[] AllRows(int count) => [.. Enumerable.Range(0, count).Select(b => (long)b)];

    /// <summary>Logits and tokens of one stage.</summary>
    internal (Tensor Logits_BNV, Tensor Tokens_BN) Tokens(
        int stage, Tensor canvas_BLC, Tensor labels_BL, Tensor class_B, ImageNoise noise, SamplingOptions options, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        using var clusters = new ClusterMean(labels_BL, LatentGrid.ClusterCount(stage));
        (_, Tensor logits_BNV) = Content(stage, canvas_BLC, labels_BL, new SampledClasses(class_B, null), clusters, options, null, cancellation);
        return (scope.Keep(logits_BNV), scope.Keep(Draw(stage, logits_BNV, noise, options)));
    }

    private Tensor Draw(int stage, Tensor logits_BNV, ImageNoise noise, SamplingOptions options) =>
        TokenSampling.Draw(logits_BNV, noise.Tokens(stage), options.Temperature, options.TopK, options.TopP.At(stage, _grid.LastStage));

    private (Tensor Predicted_NLC, Tensor Logits_BNV) Content(
        int stage, Tensor canvas_BLC, Tensor labels_BL, SampledClasses classes, ClusterMean clusters, SamplingOptions options, Tensor? counts_BL, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        using var scope = new TensorScope();
        double guidance = options.ContentGuidance.At(stage, _grid.LastStage);
        bool guided = guidance != 1;
        ContentGenerator generator = _generator.Content;
        Tensor structure_BLK = StructureEmbedding.Embed(labels_BL, stage, _grid.LastStage);
        (Tensor class_N, ClassBlend? blend) = classes.ForPasses(guided, _generator.Config.NullClass);
        Tensor stage_N = Tensor.Full(class_N.Shape.ToArray(), stage, ScalarType.Int64, class_N.Device);
        Tensor predicted_NLC = generator.PredictFinalCanvas(Twice(canvas_BLC, guided), Twice(structure_BLK, guided), stage_N, class_N, blend: blend);
        long count = canvas_BLC.Size(0);
        Tensor logits_BNV = generator.Logits(predicted_NLC.Narrow(0, 0, count), canvas_BLC, clusters, counts_BL);
        if (guided)
            logits_BNV = TokenSampling.Guide(logits_BNV, generator.Logits(predicted_NLC.Narrow(0, count, count), canvas_BLC, clusters, counts_BL), guidance);
        return (scope.Keep(predicted_NLC), scope.Keep(logits_BNV));
    }

    /// <summary>The structure of the next stage, by the flow's channel for this split, or for the last split by the noise itself.</summary>
    /// <returns>What the split was ranked by, the next map, and the steps that the flow took.</returns>
    internal (Tensor Scores_BL, Tensor Labels_BL, int Steps) Split(
        int stage, Tensor canvas_BLC, Tensor labels_BL, Tensor class_B, ImageNoise noise, SamplingOptions options, CancellationToken cancellation) =>
        Split(stage, canvas_BLC, labels_BL, new SampledClasses(class_B, null), noise, options, null, cancellation);

    private (Tensor Scores_BL, Tensor Labels_BL, int Steps) Split(
        int stage, Tensor canvas_BLC, Tensor labels_BL, SampledClasses classes, ImageNoise noise, SamplingOptions options, SplitPins? pins, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        if (stage == _grid.LastStage - 1)
        {
            Tensor noise_BL = noise.Structure_BLK.Select(2, stage);
            noise_BL = pins?.Rank(noise_BL) ?? noise_BL;
            return (scope.Keep(noise_BL), scope.Keep(StructureSplit.ByScore(labels_BL, noise_BL, LatentGrid.ClusterCount(stage))), 0);
        }

        Tensor? gumbel_BL = options.Gumbel ? noise.Gumbel(stage) : null;
        (Tensor channel_BL, int steps) = Flow(stage, canvas_BLC, labels_BL, classes, noise.Structure_BLK, gumbel_BL, options, pins, cancellation);
        return (scope.Keep(channel_BL), scope.Keep(SplitBy(channel_BL, labels_BL, stage, gumbel_BL, pins)), steps);
    }

    private static Tensor SplitBy(Tensor channel_BL, Tensor labels_BL, int stage, Tensor? gumbel_BL, SplitPins? pins)
    {
        using var scope = new TensorScope();
        Tensor scores_BL = StructureSplit.Scores(labels_BL, channel_BL, LatentGrid.ClusterCount(stage), gumbel_BL);
        return scope.Keep(StructureSplit.ByScore(labels_BL, pins?.Rank(scores_BL) ?? scores_BL, LatentGrid.ClusterCount(stage)));
    }

    private (Tensor Channel_BL, int Steps) Flow(
        int stage, Tensor canvas_BLC, Tensor labels_BL, SampledClasses classes, Tensor noise_BLK, Tensor? gumbel_BL, SamplingOptions options, SplitPins? pins, CancellationToken cancellation)
    {
        using var scope = new TensorScope();
        double guidance = options.StructureGuidance.At(stage, _grid.LastStage);
        bool guided = guidance != 1;
        int steps = options.StructureSteps.At(stage);
        StructureGenerator generator = _generator.Structure;
        Tensor structure_BLK = StructureEmbedding.Embed(labels_BL, stage, _grid.LastStage);
        (Tensor class_N, ClassBlend? blend) = classes.ForPasses(guided, _generator.Config.NullClass);
        Tensor stage_N = Tensor.Full(class_N.Shape.ToArray(), stage, ScalarType.Int64, class_N.Device);
        double[] times = FlowSchedule.Times(steps, _grid.Length);
        Tensor time_SN = Tensor.From(times, times.Length).To(class_N.Device, ScalarType.Float32).Narrow(0, 0, steps).Unsqueeze(1).Expand(-1, class_N.Size(0));
        using StructureCondition condition = generator.Condition(Twice(canvas_BLC, guided), Twice(structure_BLK, guided), stage_N, time_SN, class_N, blend);
        // Known channels are put back after every step, so only the unknown ones move.
        Tensor known_BLK = (structure_BLK - 1).Narrow(2, 0, stage);
        Tensor unknown_BLK = noise_BLK.Narrow(2, stage, _grid.LastStage - stage);
        Tensor Velocity(int time, Tensor moving_BLK)
        {
            cancellation.ThrowIfCancellationRequested();
            using var stepScope = new TensorScope();
            Tensor moved_BLK = pins?.Place(moving_BLK, unknown_BLK, times[time]) ?? moving_BLK;
            Tensor z_BLK = Tensor.Cat([known_BLK, moved_BLK], 2);
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
        using var refinement = new SplitRefinement(tolerance, (int)canvas_BLC.Size(0));
        int taken = 1;
        for (int stride = steps; stride >= 1 && !refinement.Done; stride /= 2)
        {
            Tensor channel_BL = Euler(unknown_BLK, first_BLK, times, stride, Velocity);
            refinement.Add(channel_BL, SplitBy(channel_BL, labels_BL, stage, gumbel_BL, pins));
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

    private static Tensor Twice(Tensor x, bool guided) => guided ? Tensor.Cat([x, x], 0) : x.Alias();

    /// <summary>What <see cref="Fill"/> gives; R images that a network looked at, N clusters.</summary>
    private sealed record StageContent(Tensor? Predicted_NLC, Tensor? Logits_RNV, Tensor Tokens_BN, Tensor Tokens_BL);
}
