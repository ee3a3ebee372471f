using Nvg.Generators;
using Nvg.Generators.Blocks;
using Nvg.Torch;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Generators;

/// <summary>Points of the structure flow, with the other inputs of the structure generator. Borrows its tensors.</summary>
/// <remarks>Shapes: N sequences, L positions, C latent channels, K structure channels; R of the sequences have an interval.</remarks>
/// <param name="Z_NLK">Points of the flow.</param>
/// <param name="Canvas_NLC">Unscaled canvases after the stage.</param>
/// <param name="Structure_NLK">Embedding of the stage's structure map.</param>
/// <param name="Stage_N">Stage of each sequence.</param>
/// <param name="Time_N">Time of the points; 1 is noise.</param>
/// <param name="Class_N">Class of each sequence.</param>
internal sealed record StructureFlowBatch(
    Tensor Z_NLK, Tensor Canvas_NLC, Tensor Structure_NLK, Tensor Stage_N, Tensor Time_N, Tensor Class_N)
{
    /// <summary>Predicts velocities, or average velocities over intervals.</summary>
    /// <param name="generator">The generator.</param>
    /// <param name="step_N">Lengths of the intervals, or null for velocities.</param>
    /// <param name="training">Drop path, or null.</param>
    /// <param name="guidance_N">Guidance scale as an input, or null.</param>
    internal Tensor Predict(StructureGenerator generator, Tensor? step_N, BlockTraining? training = null, Tensor? guidance_N = null) =>
        step_N is null
            ? generator.PredictVelocity(Z_NLK, Canvas_NLC, Structure_NLK, Stage_N, Time_N, Class_N, training)
            : generator.PredictAverageVelocity(
                Z_NLK, Canvas_NLC, Structure_NLK, Stage_N, Time_N, step_N, Class_N, guidance_N, training);

    /// <summary>
    /// The average velocities of a generator over the two halves of each interval, combined; the velocity if there is no
    /// interval. Known channels do not move.
    /// </summary>
    /// <param name="generator">Predicts the halves, without gradients.</param>
    /// <param name="step_N">Lengths of the intervals; 0 for none.</param>
    /// <param name="velocity_NLK">The velocity.</param>
    internal Tensor TargetOfHalves(StructureGenerator generator, Tensor step_N, Tensor velocity_NLK)
    {
        using var scope = new TensorScope();
        float[] steps = step_N.ToArray<float>();
        long[] rows = [.. steps.Index().Where(s => s.Item > 0).Select(s => (long)s.Index)];
        if (rows.Length == 0)
            return scope.Keep(velocity_NLK.Alias());
        StructureFlowBatch part = Rows(rows);
        Tensor average_RLK = part.OfHalves(generator, Chosen(step_N, rows));
        // Row r of the result is row r of the velocities, or its row among the averages that follow them.
        long[] places = [.. steps.Select((s, i) => s > 0 ? steps.Length + Array.IndexOf(rows, i) : i)];
        return scope.Keep(Chosen(Tensor.Cat([velocity_NLK, average_RLK], 0), places));
    }

    /// <summary>The average velocities of a generator over the two halves of every interval, combined.</summary>
    /// <param name="generator">Predicts the halves, without gradients.</param>
    /// <param name="step_N">Lengths of the intervals.</param>
    /// <param name="guidance_N">Guidance scale as an input, or null.</param>
    internal Tensor OfHalves(StructureGenerator generator, Tensor step_N, Tensor? guidance_N = null)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        Tensor unknown_N1K = UnknownChannels.Mask(Stage_N, (int)Z_NLK.Size(2));
        return scope.Keep(AverageVelocity.OfHalves(
            (z, time, step) => (this with { Z_NLK = z, Time_N = time }).Predict(generator, step, guidance_N: guidance_N) * unknown_N1K,
            Z_NLK, Time_N, step_N));
    }

    /// <summary>A subset of the sequences; the tensors belong to the innermost scope.</summary>
    internal StructureFlowBatch Rows(long[] rows) => new(
        Chosen(Z_NLK, rows), Chosen(Canvas_NLC, rows), Chosen(Structure_NLK, rows), Chosen(Stage_N, rows), Chosen(Time_N, rows),
        Chosen(Class_N, rows));

    /// <summary>Selected rows of a tensor; the result belongs to the innermost scope.</summary>
    internal static Tensor Chosen(Tensor rows_N, long[] rows)
    {
        using Tensor host = Tensor.From(rows, rows.Length);
        using Tensor index = host.Send(rows_N.Device);
        return rows_N.IndexSelect(0, index);
    }
}
