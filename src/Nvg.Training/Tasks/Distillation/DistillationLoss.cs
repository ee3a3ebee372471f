using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Torch;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>
/// The loss of a distillation (docs/method.md, section 11.1): the mean squared error of average velocities over all channels, and an
/// optional loss on the splits of the intervals that end at the structure.
/// </summary>
/// <remarks>Shapes: N sequences, L positions, K structure channels.</remarks>
/// <param name="student">The structure generator that learns; borrowed.</param>
/// <param name="teacher">The frozen model; borrowed.</param>
/// <param name="config">Settings.</param>
internal sealed class DistillationLoss(StructureGenerator student, DistillationTeacher teacher, DistillationConfig config)
{
    /// <summary>The loss of a batch, for autograd; the caller disposes it.</summary>
    /// <param name="batch">The sequences, in the order of <see cref="Order"/>.</param>
    /// <param name="log">Receives <c>velocity</c>, <c>interval</c>, <c>whole</c>, <c>agreement</c> and <c>rank</c>.</param>
    internal Tensor Compute(DistillationBatch batch, LossLog log)
    {
        using var scope = new TensorScope();
        Tensor? guidance_N = student.GuidanceLimit is null ? null : batch.Of(c => c.Guidance);
        Tensor step_N = batch.Of(c => c.Step);
        Tensor target_NLK = Target(batch, step_N, guidance_N);
        Tensor predicted_NLK = batch.Flow.Predict(student, step_N, guidance_N: guidance_N);
        Tensor error_N = (predicted_NLK - target_NLK).Square().Mean([1, 2]);
        foreach ((string name, Func<DistillationChoice, bool> belongs) in Kinds)
            LogMean(log, name, error_N, batch, belongs);
        Tensor loss = error_N.Mean();
        foreach (Split split in Splits(batch, predicted_NLK, target_NLK, step_N))
            loss = Add(loss, split, batch.Choices.Length, log);
        return scope.Keep(loss);
    }

    /// <summary>
    /// The order in which sequences are computed: first those whose targets the student computes itself, then by decreasing
    /// number of the teacher's steps.
    /// </summary>
    internal static int[] Order(IReadOnlyList<DistillationChoice> choices, int teacherSpan) =>
        [.. Enumerable.Range(0, choices.Count).OrderByDescending(i => OwnTarget(choices[i], teacherSpan))
            .ThenByDescending(i => choices[i].Times.Length)];

    private static readonly (string Name, Func<DistillationChoice, bool> Belongs)[] Kinds =
    [
        ("velocity", c => c.Interval is null), ("interval", c => c.Interval is { IsWhole: false }),
        ("whole", c => c.Interval is { IsWhole: true }),
    ];

    private static bool OwnTarget(DistillationChoice choice, int teacherSpan) => choice.Interval?.Steps > teacherSpan;

    private Tensor Target(DistillationBatch batch, Tensor step_N, Tensor? guidance_N)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        int count = batch.Choices.Length, own = batch.Choices.Count(c => OwnTarget(c, config.TeacherSpan));
        long[] first = Range(0, own), rest = Range(own, count - own);
        var targets = new List<Tensor>();
        if (own > 0)
        {
            Tensor? guidance_O = guidance_N is null ? null : StructureFlowBatch.Chosen(guidance_N, first);
            targets.Add(batch.Flow.Rows(first).OfHalves(student, StructureFlowBatch.Chosen(step_N, first), guidance_O));
        }

        if (own < count)
        {
            StructureFlowBatch flow = batch.Flow.Rows(rest);
            double[] guidance = batch.Guidance[own..];
            targets.Add(AverageVelocity.OfSteps(
                (z_PLK, time_P) => teacher.Velocity(
                    flow.Rows(Range(0, (int)z_PLK.Size(0))) with { Z_NLK = z_PLK, Time_N = time_P }, guidance[..(int)z_PLK.Size(0)]),
                flow.Z_NLK, [.. batch.Choices[own..].Select(c => c.Times)]));
        }

        return scope.Keep(Tensor.Cat([.. targets], 0));
    }

    // The splits of the sequences whose interval ends at the structure, stage by stage.
    private static IEnumerable<Split> Splits(DistillationBatch batch, Tensor predicted_NLK, Tensor target_NLK, Tensor step_N)
    {
        Tensor step_N11 = step_N.Reshape(-1, 1, 1);
        Tensor student_NLK = batch.Flow.Z_NLK - predicted_NLK * step_N11, teacher_NLK = batch.Flow.Z_NLK - target_NLK * step_N11;
        var ends = batch.Choices.Index().Where(c => c.Item.Interval is { EndsAtStructure: true });
        foreach (IGrouping<(int Stage, bool IsWhole), (int Index, DistillationChoice Item)> group in ends.GroupBy(
            c => (c.Item.Stage, c.Item.Interval!.IsWhole)))
        {
            long[] rows = [.. group.Select(c => (long)c.Index)];
            Tensor Channel(Tensor point_NLK) => StructureFlowBatch.Chosen(point_NLK, rows).Select(2, group.Key.Stage);
            yield return new Split(
                group.Key.Stage, group.Key.IsWhole, rows.Length, StructureFlowBatch.Chosen(batch.Labels_NL, rows), Channel(student_NLK),
                Channel(teacher_NLK));
        }
    }

    private Tensor Add(Tensor loss, Split split, int count, LossLog log)
    {
        int clusters = LatentGrid.ClusterCount(split.Stage);
        Tensor sides_RL = SplitRankLoss.Sides(split.Labels_RL, split.Teacher_RL, clusters);
        Tensor own_RL = SplitRankLoss.Sides(split.Labels_RL, split.Student_RL, clusters);
        double weight = (double)split.Count / count;
        if (split.IsWhole)
            log.Add("agreement", own_RL.IsEqual(sides_RL).To(ScalarType.Float32).Mean(), weight);
        if (config.RankWeight == 0)
            return loss;
        Tensor rank = SplitRankLoss.Compute(split.Labels_RL, split.Student_RL, sides_RL, clusters);
        log.Add("rank", rank, weight);
        return loss + rank * (config.RankWeight * weight);
    }

    private static void LogMean(LossLog log, string name, Tensor error_N, DistillationBatch batch, Func<DistillationChoice, bool> belongs)
    {
        long[] rows = [.. batch.Choices.Index().Where(c => belongs(c.Item)).Select(c => (long)c.Index)];
        if (rows.Length > 0)
            log.Add(name, StructureFlowBatch.Chosen(error_N, rows).Mean(), (double)rows.Length / batch.Choices.Length);
    }

    private static long[] Range(int start, int count) => [.. Enumerable.Range(start, count).Select(i => (long)i)];

    private sealed record Split(int Stage, bool IsWhole, int Count, Tensor Labels_RL, Tensor Student_RL, Tensor Teacher_RL);
}
