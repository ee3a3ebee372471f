using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Sampling;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Generators;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Distillation;

/// <summary>The structure generator learns average velocities, so that it needs few steps (docs/method.md, section 11.1).</summary>
/// <remarks>Shapes: N sequences, L positions, K structure channels.</remarks>
internal sealed class StructureDistillation : IDistilledGenerator
{
    private readonly DistillationConfig _config;
    private readonly GeneratorConfig _sizes;
    private readonly StructureGenerator _student;
    private readonly DistillationTeacher _teacher;
    private readonly DistillationExamples _examples;
    private readonly Device _device;
    private readonly IntervalGrid _grid;
    private readonly DistillationLoss _loss;

    /// <param name="config">Settings.</param>
    /// <param name="sizes">Sizes of the student.</param>
    /// <param name="parameters">Receives the parameters of the student; borrowed.</param>
    /// <param name="teacher">The frozen model; borrowed.</param>
    /// <param name="examples">The sequences; borrowed.</param>
    /// <param name="device">The training device.</param>
    internal StructureDistillation(
        DistillationConfig config, GeneratorConfig sizes, ParameterStore parameters, DistillationTeacher teacher,
        DistillationExamples examples, Device device)
    {
        (_config, _sizes, _teacher, _examples, _device) = (config, sizes, teacher, examples, device);
        _student = parameters.Build(ParameterSource.Random(config.Training.Seed, device), root => new StructureGenerator(root, sizes));
        _student.IgnoreNewInputs();
        _grid = new IntervalGrid(config.Intervals, sizes.Grid.Length);
        _loss = new DistillationLoss(_student, teacher, config);
    }

    /// <inheritdoc/>
    public Tensor Loss(long step, int[] own, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        DistillationChoice[] drawn = Array.ConvertAll(own, e => Choice(step, e));
        int[] order = DistillationLoss.Order(drawn, _config.TeacherSpan);
        DistillationChoice[] choices = Array.ConvertAll(order, i => drawn[i]);
        int[] ordered = Array.ConvertAll(order, i => own[i]);
        using GranularitySequence sequence = _examples.Load(step, ordered, _device);
        LatentGrid grid = sequence.Grid;
        using Tensor noise = Tensor.Randn([share.Total, grid.Length, grid.LastStage], random);
        Tensor noise_NLK = StructureFlowBatch.Chosen(noise, Array.ConvertAll(order, i => (long)share.Start + i));
        Tensor class_N = _examples.Classes(ordered, Array.ConvertAll(choices, c => c.HasClass), _device);
        DistillationBatch batch = DistillationBatch.Create(sequence, _teacher.Tokenizer.Quantizer, class_N, noise_NLK, choices);
        return scope.Keep(_loss.Compute(batch, log));
    }

    /// <inheritdoc/>
    public NvgSampler Sampler(ParameterStore store, ParameterSource source) => new(
        _sizes, _device, _teacher.Model.SamplingGenerator.Content, store.Build(source, root => new StructureGenerator(root, _sizes)),
        _teacher.Tokenizer.Quantizer);

    private DistillationChoice Choice(long step, int example) => DistillationChoice.Draw(
        new HostRandom(RandomSeed.Of(_config.Training.Seed, step, RandomStream.DistillationChoices, example)), _config, _grid,
        _teacher.Model.Config.Sampling.StructureGuidance, _sizes.Grid.LastStage);
}
