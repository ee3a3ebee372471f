using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>
/// The content generator learns to predict guided logits in one pass, with the guidance scale as an input (docs/method.md, section 11.2).
/// The loss is the divergence of its token distribution from that of the teacher's two passes, averaged over clusters.
/// </summary>
/// <remarks>
/// Shapes: N sequences, R of them in one stage, L positions, M clusters, C latent channels, K structure channels, V codes.
/// </remarks>
internal sealed class ContentDistillation : IDistilledGenerator
{
    private readonly DistillationInputs _inputs;
    private readonly ContentGenerator _student;
    private readonly StageSchedule _usual;

    /// <param name="inputs">Settings, teacher and sequences.</param>
    /// <param name="parameters">Receives the parameters of the student; borrowed.</param>
    internal ContentDistillation(DistillationInputs inputs, ParameterStore parameters)
    {
        _inputs = inputs;
        _student = parameters.Build(
            ParameterSource.Random(inputs.Config.Training.Seed, inputs.Device), root => new ContentGenerator(root, inputs.Sizes));
        _student.IgnoreNewInputs();
        _usual = inputs.Teacher.Model.Config.Sampling.ContentGuidance;
    }

    /// <inheritdoc/>
    public Tensor Loss(long step, int[] own, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        (int Example, Choice Choice)[] drawn = [.. own.Select(e => (e, Draw(step, e))).OrderBy(d => d.Item2.Stage)];
        Choice[] choices = Array.ConvertAll(drawn, d => d.Choice);
        int[] ordered = Array.ConvertAll(drawn, d => d.Example);
        using GranularitySequence sequence = _inputs.Examples.Load(step, ordered, _inputs.Device);
        Tensor class_N = _inputs.Examples.Classes(ordered, Array.ConvertAll(choices, c => c.HasClass), _inputs.Device);
        LatentGrid grid = _inputs.Sizes.Grid;
        using StageGroups groups = StageGroups.Gather(Subsets(choices), grid.StageCount, class_N, share: 1);
        Tensor canvases_NSLC = _inputs.Teacher.Tokenizer.Quantizer.Canvases(sequence), structure_NSL = sequence.Structure_BSL;
        Tensor canvas_NLC = groups.Select(stage => canvases_NSLC.Select(1, stage));
        Tensor structure_NLK = groups.Select(stage => StructureEmbedding.Embed(structure_NSL.Select(1, stage), stage, grid.LastStage));
        Tensor scale_N = AverageVelocity.Numbers(Array.ConvertAll(choices, c => c.Guidance), _inputs.Device);
        Tensor target_NLC = _inputs.Teacher.PredictFinalCanvas(
            canvas_NLC, structure_NLK, groups.Stage_N, class_N, Array.ConvertAll(choices, c => c.TeacherGuidance));
        Tensor predicted_NLC = _student.PredictFinalCanvas(canvas_NLC, structure_NLK, groups.Stage_N, class_N, guidance_N: scale_N);
        Tensor loss = Tensor.Zeros([], device: _inputs.Device);
        foreach (StageGroups.Group group in groups.Groups)
        {
            using var clusters = new ClusterMean(
                group.Take(structure_NSL.Select(1, group.Stage)), LatentGrid.ClusterCount(group.Stage));
            Tensor canvas_RLC = group.Slice(canvas_NLC);
            Tensor logits_RMV = _student.Logits(group.Slice(predicted_NLC), canvas_RLC, clusters);
            Tensor target_RMV = TargetLogits(group.Slice(target_NLC), canvas_RLC, clusters);
            Tensor divergence = Divergence(target_RMV, logits_RMV);
            log.Add("divergence", divergence, group.Weight);
            log.Add("agreement", logits_RMV.ArgMax(-1).IsEqual(target_RMV.ArgMax(-1)).To(ScalarType.Float32).Mean(), group.Weight);
            loss += divergence * group.Weight;
        }

        return scope.Keep(loss);
    }

    /// <inheritdoc/>
    public NvgSampler Sampler(ParameterStore store, ParameterSource source) => new(
        _inputs.Sizes, _inputs.Device, store.Build(source, root => new ContentGenerator(root, _inputs.Sizes)),
        _inputs.Teacher.Model.SamplingGenerator.Structure,
        _inputs.Teacher.Tokenizer.Quantizer);

    /// <summary>
    /// The Kullback–Leibler divergence of a predicted distribution from a target, averaged over all but the last dimension.
    /// </summary>
    /// <param name="target">Logits of the target; without gradients.</param>
    /// <param name="predicted">Logits of the prediction.</param>
    internal static Tensor Divergence(Tensor target, Tensor predicted)
    {
        using var scope = new TensorScope();
        Tensor expected = target.LogSoftmax(-1);
        return scope.Keep((expected.Exp() * (expected - predicted.LogSoftmax(-1))).Sum(-1).Mean());
    }

    private Tensor TargetLogits(Tensor target_RLC, Tensor canvas_RLC, ClusterMean clusters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        return _inputs.Teacher.Model.SamplingGenerator.Content.Logits(target_RLC, canvas_RLC, clusters);
    }

    private Choice Draw(long step, int example)
    {
        var random = new HostRandom(RandomSeed.Of(_inputs.Config.Training.Seed, step, RandomStream.DistillationChoices, example));
        int stage = random.Next(_inputs.Sizes.Grid.StageCount);
        bool hasClass = random.Next() >= _inputs.Config.NullClassShare;
        return new Choice(stage, hasClass, _inputs.Config.DrawGuidance(random, _usual.At(stage, _inputs.Sizes.Grid.LastStage)));
    }

    // The sequences of every stage. They are neighbours, so that the order of the sequences is that of the stages.
    private Tensor[] Subsets(Choice[] choices) => [.. Enumerable.Range(0, _inputs.Sizes.Grid.StageCount).Select(stage =>
    {
        long[] rows = [.. choices.Index().Where(c => c.Item.Stage == stage).Select(c => (long)c.Index)];
        using Tensor host = Tensor.From(rows, rows.Length);
        return host.Send(_inputs.Device);
    })];

    // The random choices for one sequence of a step.
    private sealed record Choice(int Stage, bool HasClass, double Guidance)
    {
        // Without a class, the guided prediction is the prediction at every scale.
        internal double TeacherGuidance => HasClass ? Guidance : 1;
    }
}
