using Nvg.Sampling.Schedules;
using Nvg.Training.Optimization;

namespace Nvg.Training.Tasks.Generators.Intervals;

/// <summary>The times of the sampling schedule that bound intervals, and the random choice of an interval.</summary>
/// <param name="options">Shares of the kinds of intervals.</param>
/// <param name="length">Number of latent positions (L), on which the schedule depends.</param>
internal sealed class IntervalGrid(IntervalOptions options, int length)
{
    private readonly double[] _times = FlowSchedule.Times(options.Grid, length);

    /// <summary>Draws the interval of a sequence; null if the sequence learns the velocity itself.</summary>
    internal GridInterval? Draw(HostRandom random)
    {
        // The number of draws is the same in every case.
        double isInterval = random.Next(), kind = random.Next(), size = random.Next(), place = random.Next();
        if (isInterval >= options.Share)
            return null;
        if (kind < options.FullShare)
            return Of(0, options.Grid);
        bool isAligned = kind < options.FullShare + (1 - options.FullShare) / 2;
        return isAligned ? Aligned(size, place) : Anywhere(size, place);
    }

    /// <summary>The interval between two times of the schedule.</summary>
    internal GridInterval Of(int first, int last) => new(_times[first..(last + 1)]);

    // One of the steps of sampling with 2, 4, … steps.
    private GridInterval Aligned(double size, double place)
    {
        int steps = 2 << (int)(size * int.Log2(options.Grid)), stride = options.Grid / steps;
        int first = (int)(place * steps) * stride;
        return Of(first, first + stride);
    }

    private GridInterval Anywhere(double size, double place)
    {
        int count = 1 + (int)(size * options.Grid), first = (int)(place * (options.Grid - count + 1));
        return Of(first, first + count);
    }
}
