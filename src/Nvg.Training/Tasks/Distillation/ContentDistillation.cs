using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
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
    private readonly DistillationConfig _config;
    private readonly GeneratorConfig _sizes;
    private readonly ContentGenerator _student;
    private readonly DistillationTeacher _teacher;
    private readonly DistillationExamples _examples;
    private readonly Device _device;
    private readonly StageSchedule _usual;

    /// <param name="config">Settings.</param>
    /// <param name="sizes">Sizes of the student.</param>
    /// <param name="parameters">Receives the parameters of the student; borrowed.</param>
    /// <param name="teacher">The frozen model; borrowed.</param>
    /// <param name="examples">The sequences; borrowed.</param>
    /// <param name="device">The training device.</param>
    internal ContentDistillation(
        DistillationConfig config, GeneratorConfig sizes, ParameterStore parameters, DistillationTeacher teacher,
        DistillationExamples examples, Device device)
    {
        (_config, _sizes, _teacher, _examples, _device) = (config, sizes, teacher, examples, device);
        _usual = teacher.Model.Config.Sampling.ContentGuidance;
        _student = parameters.Build(ParameterSource.Random(config.Training.Seed, device), root => new ContentGenerator(root, sizes));
        _student.IgnoreNewInputs();
    }

    /// <inheritdoc/>
    public Tensor Loss(long step, int[] own, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        // Sequences of the same stage are neighbours, because they have the same number of clusters.
        (int Example, Choice Choice)[] drawn = [.. own.Select(e => (e, Draw(step, e))).OrderBy(d => d.Item2.Stage)];
        Choice[] choices = Array.ConvertAll(drawn, d => d.Choice);
        int[] ordered = Array.ConvertAll(drawn, d => d.Example);
        using GranularitySequence sequence = _examples.Load(step, ordered, _device);
        Tensor row_N = Tensor.Arange(0, choices.Length, 1, ScalarType.Int64, _device);
        Tensor stage_N = Tensor.From(Array.ConvertAll(choices, c => (long)c.Stage), choices.Length).Send(_device);
        Tensor canvas_NLC = _teacher.Tokenizer.Quantizer.Canvases(sequence).Index(row_N, stage_N);
        Tensor labels_NL = sequence.Structure_BSL.Index(row_N, stage_N);
        Tensor structure_NLK = Tensor.Cat([.. Groups(choices).Select(g =>
            StructureEmbedding.Embed(labels_NL.Narrow(0, g.Start, g.Size), g.Stage, _sizes.Grid.LastStage))], 0);
        Tensor class_N = _examples.Classes(ordered, Array.ConvertAll(choices, c => c.HasClass), _device);
        Tensor scale_N = AverageVelocity.Numbers(Array.ConvertAll(choices, c => c.Guidance), _device);
        Tensor target_NLC = _teacher.PredictFinalCanvas(
            canvas_NLC, structure_NLK, stage_N, class_N, Array.ConvertAll(choices, c => c.TeacherGuidance));
        Tensor predicted_NLC = _student.PredictFinalCanvas(canvas_NLC, structure_NLK, stage_N, class_N, guidance_N: scale_N);
        Tensor loss = Tensor.Zeros([], device: _device);
        foreach ((int stage, long start, long size) in Groups(choices))
        {
            Tensor Rows(Tensor rows_N) => rows_N.Narrow(0, start, size);
            using var clusters = new ClusterMean(Rows(labels_NL), LatentGrid.ClusterCount(stage));
            Tensor logits_RMV = _student.Logits(Rows(predicted_NLC), Rows(canvas_NLC), clusters);
            Tensor target_RMV = TargetLogits(Rows(target_NLC), Rows(canvas_NLC), clusters);
            double weight = (double)size / choices.Length;
            Tensor divergence = Divergence(target_RMV, logits_RMV);
            log.Add("divergence", divergence, weight);
            log.Add("agreement", logits_RMV.ArgMax(-1).IsEqual(target_RMV.ArgMax(-1)).To(ScalarType.Float32).Mean(), weight);
            loss += divergence * weight;
        }

        return scope.Keep(loss);
    }

    /// <inheritdoc/>
    public NvgSampler Sampler(ParameterStore store, ParameterSource source) => new(
        _sizes, _device, store.Build(source, root => new ContentGenerator(root, _sizes)), _teacher.Model.SamplingGenerator.Structure,
        _teacher.Tokenizer.Quantizer);

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
        return _teacher.Model.SamplingGenerator.Content.Logits(target_RLC, canvas_RLC, clusters);
    }

    private Choice Draw(long step, int example)
    {
        var random = new HostRandom(RandomSeed.Of(_config.Training.Seed, step, RandomStream.DistillationChoices, example));
        int stage = random.Next(_sizes.Grid.StageCount);
        bool hasClass = random.Next() >= _config.NullClassShare;
        return new Choice(stage, hasClass, _config.DrawGuidance(random, _usual.At(stage, _sizes.Grid.LastStage)));
    }

    private static IEnumerable<(int Stage, long Start, long Size)> Groups(Choice[] choices) => choices.Index().GroupBy(
        c => c.Item.Stage, (stage, group) => (stage, (long)group.First().Index, group.LongCount()));

    // The random choices for one sequence of a step.
    private sealed record Choice(int Stage, bool HasClass, double Guidance)
    {
        // Without a class, the guided prediction is the prediction at every scale.
        internal double TeacherGuidance => HasClass ? Guidance : 1;
    }
}
