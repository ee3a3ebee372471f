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
    private readonly DistillationInputs _inputs;
    private readonly StructureGenerator _student;
    private readonly IntervalGrid _grid;
    private readonly DistillationLoss _loss;

    /// <param name="inputs">Settings, teacher and sequences.</param>
    /// <param name="parameters">Receives the parameters of the student; borrowed.</param>
    internal StructureDistillation(DistillationInputs inputs, ParameterStore parameters)
    {
        _inputs = inputs;
        _student = parameters.Build(
            ParameterSource.Random(inputs.Config.Training.Seed, inputs.Device), root => new StructureGenerator(root, inputs.Sizes));
        _student.IgnoreNewInputs();
        _grid = new IntervalGrid(inputs.Config.Intervals, inputs.Sizes.Grid.Length);
        _loss = new DistillationLoss(_student, inputs.Teacher, inputs.Config);
    }

    /// <inheritdoc/>
    public Tensor Loss(long step, int[] own, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        DistillationChoice[] drawn = Array.ConvertAll(own, e => Choice(step, e));
        int[] order = DistillationLoss.Order(drawn, _inputs.Config.TeacherSpan);
        DistillationChoice[] choices = Array.ConvertAll(order, i => drawn[i]);
        int[] ordered = Array.ConvertAll(order, i => own[i]);
        using GranularitySequence sequence = _inputs.Examples.Load(step, ordered, _inputs.Device);
        LatentGrid grid = sequence.Grid;
        using Tensor noise = Tensor.Randn([share.Total, grid.Length, grid.LastStage], random);
        Tensor noise_NLK = StructureFlowBatch.Chosen(noise, Array.ConvertAll(order, i => (long)share.Start + i));
        Tensor class_N = _inputs.Examples.Classes(ordered, Array.ConvertAll(choices, c => c.HasClass), _inputs.Device);
        DistillationBatch batch = DistillationBatch.Create(sequence, _inputs.Teacher.Tokenizer.Quantizer, class_N, noise_NLK, choices);
        return scope.Keep(_loss.Compute(batch, log));
    }

    /// <inheritdoc/>
    public NvgSampler Sampler(ParameterStore store, ParameterSource source) => new(
        _inputs.Sizes, _inputs.Device, _inputs.Teacher.Model.SamplingGenerator.Content,
        store.Build(source, root => new StructureGenerator(root, _inputs.Sizes)),
        _inputs.Teacher.Tokenizer.Quantizer);

    private DistillationChoice Choice(long step, int example) => DistillationChoice.Draw(
        new HostRandom(RandomSeed.Of(_inputs.Config.Training.Seed, step, RandomStream.DistillationChoices, example)), _inputs.Config, _grid,
        _inputs.Teacher.Model.Config.Sampling.StructureGuidance, _inputs.Sizes.Grid.LastStage);
}
