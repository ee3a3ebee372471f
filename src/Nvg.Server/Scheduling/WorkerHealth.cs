using System.Diagnostics;

namespace Nvg.Server.Scheduling;

/// <summary>Whether the worker is able to compute images, judged from its past passes. Thread-safe.</summary>
/// <param name="stallTime">Time of a forward pass beyond which it counts as a failure.</param>
internal sealed class WorkerHealth(TimeSpan stallTime)
{
    private const int MostFailures = 3;
    private const double Smoothing = 0.2;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(10);

    private readonly Lock _lock = new();
    private long _busySince;
    private long _failedAt;
    private int _failures;
    private bool _ended;
    private double _secondsPerImage = 1;

    /// <summary>Why no work is accepted, or null. After a pause, a few images are tried again.</summary>
    internal string? Problem
    {
        get
        {
            lock (_lock)
            {
                return _ended ? "the worker has ended"
                    : _busySince != 0 && Stopwatch.GetElapsedTime(_busySince) > stallTime ? "the worker is stuck"
                    : _failures >= MostFailures && Stopwatch.GetElapsedTime(_failedAt) < Pause ? "the last images could not be computed"
                    : null;
            }
        }
    }

    /// <summary>Recent time per image.</summary>
    internal TimeSpan TimeOfImage
    {
        get
        {
            lock (_lock)
                return TimeSpan.FromSeconds(_secondsPerImage);
        }
    }

    internal void Progress()
    {
        lock (_lock)
            _busySince = Stopwatch.GetTimestamp();
    }

    internal void Succeeded(TimeSpan time, int images)
    {
        lock (_lock)
        {
            (_failures, _busySince) = (0, 0);
            _secondsPerImage += Smoothing * (time.TotalSeconds / images - _secondsPerImage);
        }
    }

    internal void Cancelled()
    {
        lock (_lock)
            _busySince = 0;
    }

    internal void Failed()
    {
        lock (_lock)
        {
            (_failures, _busySince) = (_failures + 1, 0);
            _failedAt = Stopwatch.GetTimestamp();
        }
    }

    internal void Ended()
    {
        lock (_lock)
            _ended = true;
    }
}
