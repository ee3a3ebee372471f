using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Sampling.Schedules;
using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>
/// The flow of one split, from noise (time 1) to structure (time 0), solved by Euler steps. Parts shared by the velocities of all steps are
/// computed once. Owns its tensors; borrows those of its arguments.
/// </summary>
/// <remarks>Shapes: B images, N sequences with guidance, S steps, L positions, K structure channels, J = K − i unknown ones.</remarks>
internal sealed class StructureFlow : IDisposable
{
    private readonly StructureGenerator _generator;
    private readonly StageContext _stage;
    private readonly GivenSplit? _given;
    private readonly Guidance _guidance;
    private readonly double[] _times;
    private readonly StructureCondition _condition;
    private readonly Tensor _known_BLI;
    private readonly Tensor _noise_BLJ;
    private readonly Tensor _firstVelocity_BLJ;

    /// <param name="generator">Predicts the velocity; borrowed.</param>
    /// <param name="nullClass">Class of unconditional passes.</param>
    /// <param name="stage">The stage that is split; borrowed.</param>
    /// <param name="given">The given parts of the split, or null; borrowed.</param>
    /// <param name="steps">Maximum number of Euler steps.</param>
    internal StructureFlow(StructureGenerator generator, int nullClass, StageContext stage, GivenSplit? given, int steps)
    {
        using var scope = new TensorScope();
        (_generator, _stage, _given) = (generator, stage, given);
        int lastStage = stage.Grid.LastStage;
        double scale = stage.Options.StructureGuidance.At(stage.Stage, lastStage);
        // If the scale is an input, the conditional pass alone is already guided.
        bool isInput = generator.GuidanceLimit is not null;
        _guidance = new Guidance(isInput ? 1 : scale);
        _times = FlowSchedule.Times(steps, stage.Grid.Length);
        Tensor structure_BLK = stage.EmbedStructure();
        ClassConditioning classes = _guidance.Batch(stage.Classes, nullClass);
        Tensor stage_N = Tensor.Full(classes.Class_B.Shape.ToArray(), stage.Stage, ScalarType.Int64, stage.Device);
        Tensor time_SN = Tensor.From(_times, _times.Length).Send(stage.Device).To(ScalarType.Float32)
            .Narrow(0, 0, steps).Unsqueeze(1).Expand(-1, classes.Class_B.Size(0));
        _condition = generator.Condition(
            _guidance.Batch(stage.Canvas_BLC), _guidance.Batch(structure_BLK), stage_N, time_SN, classes.Class_B, classes.Blend,
            generator.TakesStep ? StepLengths(stage.Device, classes.Class_B.Size(0)) : null,
            isInput ? Tensor.Full(classes.Class_B.Shape.ToArray(), scale, device: stage.Device) : null);
        try
        {
            // Known channels are restored before every step, so only the unknown ones move.
            _known_BLI = (structure_BLK - 1).Narrow(2, 0, stage.Stage).Own();
            _noise_BLJ = stage.Noise.Structure_BLK.Narrow(2, stage.Stage, lastStage - stage.Stage).Own();
            _firstVelocity_BLJ = Velocity(0, _noise_BLJ).Own();
        }
        catch
        {
            _condition.Dispose();
            _known_BLI?.Dispose();
            _noise_BLJ?.Dispose();
            throw;
        }
    }

    /// <summary>The channel of this split at the end of the flow, B × L.</summary>
    /// <param name="stride">Every stride-th of the times is a step.</param>
    internal Tensor Solve(int stride)
    {
        using var scope = new TensorScope();
        Tensor point_BLJ = _noise_BLJ;
        for (int time = 0; time + stride < _times.Length; time += stride)
        {
            using var stepScope = new TensorScope();
            Tensor velocity_BLJ = time == 0 ? _firstVelocity_BLJ : Velocity(time, point_BLJ);
            point_BLJ = stepScope.Keep(point_BLJ + velocity_BLJ * (_times[time + stride] - _times[time]));
        }

        return scope.Keep(point_BLJ.Select(2, 0));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _condition.Dispose();
        _known_BLI.Dispose();
        _noise_BLJ.Dispose();
        _firstVelocity_BLJ.Dispose();
    }

    // The length of every step. A generator that takes it as an input must be solved with a stride of one.
    private Tensor StepLengths(Device device, long count)
    {
        using var scope = new TensorScope();
        double[] lengths = [.. _times.Zip(_times.Skip(1), (start, end) => start - end)];
        return scope.Keep(Tensor.From(lengths, lengths.Length).Send(device).To(ScalarType.Float32).Unsqueeze(1).Expand(-1, count));
    }

    private Tensor Velocity(int time, Tensor point_BLJ)
    {
        _stage.Cancellation.ThrowIfCancellationRequested();
        using var scope = new TensorScope();
        Tensor placed_BLJ = _given?.PlaceOnLines(point_BLJ, _noise_BLJ, _times[time]) ?? point_BLJ;
        Tensor z_BLK = Tensor.Cat([_known_BLI, placed_BLJ], 2);
        Tensor velocity_NLK = _generator.PredictVelocity(_condition, time, _guidance.Batch(z_BLK));
        Tensor velocity_NLJ = velocity_NLK.Narrow(2, _stage.Stage, point_BLJ.Size(2));
        return scope.Keep(_guidance.Combine(velocity_NLJ, velocity_BLJ => velocity_BLJ));
    }
}
