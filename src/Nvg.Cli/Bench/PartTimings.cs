using System.Diagnostics;
using Nvg.Torch;

namespace Nvg.Cli.Bench;

/// <summary>Times the parts of a model of any method one by one.</summary>
/// <param name="device">Device of the model.</param>
/// <param name="repeat">Timed runs per part, after a warm-up.</param>
/// <param name="cancellation">Checked between runs.</param>
public abstract class PartTimings(Device device, int repeat, CancellationToken cancellation) : IDisposable
{
    private static readonly TimeSpan MostPerPart = TimeSpan.FromSeconds(20);

    private readonly RandomGenerator _random = new(0);

    /// <summary>Records what a part runs, given its name and batch; null for no recording.</summary>
    internal Action<string, int, Action>? Recorder { get; init; }

    /// <summary>Times every part. Parts are timed lazily, as the result is enumerated.</summary>
    public abstract IEnumerable<Timing> Run();

    /// <inheritdoc/>
    public void Dispose()
    {
        _random.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Normally distributed numbers on the device.</summary>
    protected Tensor Random(params long[] shape)
    {
        using Tensor drawn = Tensor.Randn(shape, _random);
        return drawn.To(device);
    }

    /// <summary>Times a part.</summary>
    /// <param name="name">Name of the part.</param>
    /// <param name="batch">Images or sequences that the part computes.</param>
    /// <param name="work">The work.</param>
    protected Timing Measure(string name, int batch, Action work)
    {
        using InferenceMode inference = Autograd.Inference();
        return MeasureTraining(name, batch, work);
    }

    /// <summary>Times a part that may compute gradients.</summary>
    /// <param name="name">Name of the part.</param>
    /// <param name="batch">Images or sequences that the part computes.</param>
    /// <param name="work">The work.</param>
    protected Timing MeasureTraining(string name, int batch, Action work)
    {
        Timing timing = Time(name, batch, work);
        Recorder?.Invoke(name, batch, work);
        return timing;
    }

    private Timing Time(string name, int batch, Action work)
    {
        var seconds = new List<double>();
        long start = Stopwatch.GetTimestamp();
        double first = RunOnce(work);
        // Work that takes this long does not need a warm-up.
        if (first > MostPerPart.TotalSeconds)
            return new Timing(name, batch, first, 1);
        // On a GPU, the second run captures the graph that later runs replay.
        if (device.Type == DeviceType.Cuda)
            RunOnce(work);
        while (seconds.Count < repeat && (seconds.Count == 0 || Stopwatch.GetElapsedTime(start) < MostPerPart))
            seconds.Add(RunOnce(work));
        seconds.Sort();
        double median = (seconds[(seconds.Count - 1) / 2] + seconds[seconds.Count / 2]) / 2;
        return new Timing(name, batch, median, seconds.Count);
    }

    private double RunOnce(Action work)
    {
        cancellation.ThrowIfCancellationRequested();
        long start = Stopwatch.GetTimestamp();
        work();
        TorchRuntime.Synchronize(device);
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
