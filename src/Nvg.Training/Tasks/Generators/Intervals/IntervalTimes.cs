using Nvg.Torch;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators.Intervals;

/// <summary>
/// Draws intervals for the images and structure stages of a batch, and replaces the drawn times with the starts of the intervals.
/// </summary>
/// <param name="options">Shares of the kinds of intervals.</param>
/// <param name="length">L, latent positions.</param>
internal sealed class IntervalTimes(IntervalOptions options, int length)
{
    private readonly IntervalGrid _grid = new(options, length);

    /// <summary>Times and lengths of the intervals.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">Step of the run.</param>
    /// <param name="examples">The images; the draws for one image do not depend on the others.</param>
    /// <param name="time_BS">Times of the sequences that have no interval; borrowed.</param>
    /// <returns>Both B × S, in the innermost scope; the length is 0 if there is no interval.</returns>
    internal (Tensor Time_BS, Tensor Step_BS) Place(ulong seed, long step, IReadOnlyList<int> examples, Tensor time_BS)
    {
        using var scope = new TensorScope();
        int stages = (int)time_BS.Size(1);
        var intervals = new List<GridInterval?>();
        foreach (int example in examples)
        {
            var random = new HostRandom(RandomSeed.Of(seed, step, RandomStream.Intervals, example));
            intervals.AddRange(Enumerable.Range(0, stages).Select(_ => _grid.Draw(random)));
        }

        Tensor start_BS = Table(intervals, i => i?.Start ?? 0), step_BS = Table(intervals, i => i?.Length ?? 0);
        return (scope.Keep(step_BS.IsGreater(0).Where(start_BS, time_BS)), scope.Keep(step_BS));

        Tensor Table(List<GridInterval?> values, Func<GridInterval?, double> number) =>
            AverageVelocity.Numbers([.. values.Select(number)], time_BS.Device).Reshape(examples.Count, stages);
    }
}
