using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// Draws the structure map of the next stage: a flow from noise gives the channel of this split, and every cluster is divided into equal
/// halves by rank in this channel. Given labels are used unchanged.
/// </summary>
/// <remarks>Shapes: B images, R of them with something to generate, L positions, K structure channels, J = K − i unknown ones.</remarks>
/// <param name="generator">Predicts the velocity of the flow; borrowed.</param>
/// <param name="nullClass">Class of unconditional passes.</param>
internal sealed class StructureSampler(StructureGenerator generator, int nullClass)
{
    /// <summary>Draws the next structure map from the canvas after the stage.</summary>
    internal StageSplit Sample(StageContext stage)
    {
        using var scope = new TensorScope();
        GivenValues? given = stage.Given?.Labels(stage.Stage + 1, stage.Device);
        if (given is { IsComplete: true })
            return new StageSplit(null, scope.Keep(given.Values_BL), 0);
        BatchSubset open = stage.Incomplete(given);
        using ImageNoise noise = stage.Noise.Select(open);
        StageSplit split = SplitByGiven(stage.Select(open, noise));
        Tensor labels_BL = given is null ? split.Labels_BL : given.Or(open.Restore(split.Labels_BL));
        return new StageSplit(scope.Keep(split.Scores_RL!), scope.Keep(labels_BL), split.Steps);
    }

    // The automatic number of steps depends on whether parts are given. If a batch contains both kinds of images, it is divided into two
    // groups, so that no image depends on the rest of its batch.
    private StageSplit SplitByGiven(StageContext stage)
    {
        bool[] isGiven = stage.Given?.HasLabels(stage.Stage + 1) ?? new bool[stage.Count];
        if (!generator.TakesStep || stage.Options.StructureSteps.Tolerance is null || isGiven.Distinct().Count() == 1)
            return Split(stage, isGiven.Contains(true));
        using var scope = new TensorScope();
        StageSplit[] groups = [SplitGroup(stage, isGiven, value: false), SplitGroup(stage, isGiven, value: true)];
        Tensor scores_RL = groups[0].Scores_RL! + groups[1].Scores_RL!, labels_BL = groups[0].Labels_BL + groups[1].Labels_BL;
        return new StageSplit(scope.Keep(scores_RL), scope.Keep(labels_BL), groups.Max(group => group.Steps));
    }

    // The split of the images with or without given parts; zero for the others.
    private StageSplit SplitGroup(StageContext stage, bool[] isGiven, bool value)
    {
        using var scope = new TensorScope();
        long[] images = [.. isGiven.Index().Where(image => image.Item == value).Select(image => (long)image.Index)];
        var group = new BatchSubset(images, stage.Count, stage.Device);
        using ImageNoise noise = stage.Noise.Select(group);
        StageContext own = stage.Select(group, noise);
        StageSplit split = Split(own, value);
        return new StageSplit(scope.Keep(group.Restore(split.Scores_RL!)), scope.Keep(group.Restore(split.Labels_BL)), split.Steps);
    }

    private StageSplit Split(StageContext stage, bool isGiven)
    {
        using var scope = new TensorScope();
        GivenSplit? given = isGiven ? stage.Given!.Split(stage.Stage, stage.Device) : null;
        // Pairs are split into single positions using the noise itself.
        if (stage.Stage == stage.Grid.LastStage - 1)
        {
            Tensor noise_BL = stage.Noise.Structure_BLK.Select(2, stage.Stage);
            Tensor rank_BL = given?.Constrain(noise_BL) ?? noise_BL;
            Tensor labels_BL = StructureSplit.ByScore(stage.Labels_BL, rank_BL, stage.ClusterCount);
            return new StageSplit(scope.Keep(noise_BL), scope.Keep(labels_BL), 0);
        }

        Tensor? gumbel_BL = stage.Options.Gumbel ? stage.Noise.Gumbel(stage.Stage) : null;
        (Tensor channel_BL, int steps) = Flow(stage, given, gumbel_BL);
        stage.RequireFinite(channel_BL, $"structure generator in stage {stage.Stage}");
        return new StageSplit(scope.Keep(channel_BL), scope.Keep(SplitBy(channel_BL, stage, given, gumbel_BL)), steps);
    }

    private static Tensor SplitBy(Tensor channel_BL, StageContext stage, GivenSplit? given, Tensor? gumbel_BL)
    {
        using var scope = new TensorScope();
        Tensor scores_BL = StructureSplit.Scores(stage.Labels_BL, channel_BL, stage.ClusterCount, gumbel_BL);
        return scope.Keep(StructureSplit.ByScore(stage.Labels_BL, given?.Constrain(scores_BL) ?? scores_BL, stage.ClusterCount));
    }

    // The channel to split by, at the end of the flow.
    private (Tensor Channel_BL, int Steps) Flow(StageContext stage, GivenSplit? given, Tensor? gumbel_BL)
    {
        using var scope = new TensorScope();
        StructureSteps settings = stage.Options.StructureSteps;
        // An average-velocity generator does not need to search for the number of steps.
        if (generator.TakesStep)
            settings = settings.OfAverageVelocities(given is not null);
        int steps = settings.At(stage.Stage);
        using var flow = new StructureFlow(generator, nullClass, stage, given, steps);
        if (settings.Tolerance is not { } tolerance)
            return (scope.Keep(flow.Solve(stride: 1)), steps);
        using var refinement = new SplitRefinement(tolerance, stage.Count);
        // The first velocity is the same for every step size.
        int taken = 1;
        for (int stride = steps; stride >= 1 && !refinement.Done; stride /= 2)
        {
            Tensor channel_BL = flow.Solve(stride);
            refinement.Add(channel_BL, SplitBy(channel_BL, stage, given, gumbel_BL));
            taken += steps / stride - 1;
        }

        return (scope.Keep(refinement.Channel_BL.Alias()), taken);
    }
}
