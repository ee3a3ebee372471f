using System.Diagnostics;

namespace Nvg.Training.Distributed;

/// <summary>Reports what a process is waiting for: first after a few seconds, then from time to time.</summary>
/// <param name="after">How long to wait before the first line.</param>
/// <param name="say">Receives the lines; null for none.</param>
internal sealed class WaitAnnouncement(TimeSpan after, Action<string>? say)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _next = after;

    /// <summary>Called repeatedly while the process waits.</summary>
    /// <param name="line">What the process is waiting for.</param>
    internal void Report(string line)
    {
        if (_clock.Elapsed < _next)
            return;
        _next = _clock.Elapsed + Interval;
        say?.Invoke(line);
    }
}
