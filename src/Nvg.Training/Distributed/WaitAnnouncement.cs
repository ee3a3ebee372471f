using System.Diagnostics;

namespace Nvg.Training.Distributed;

/// <summary>Says what a process waits for: first after a few seconds, then now and then.</summary>
/// <param name="after">How long to wait before the first line.</param>
/// <param name="say">Receives the lines; null for none.</param>
internal sealed class WaitAnnouncement(TimeSpan after, Action<string>? say)
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(60);

    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private TimeSpan _next = after;

    /// <summary>Called again and again while the process waits.</summary>
    /// <param name="line">What it waits for.</param>
    internal void Report(string line)
    {
        if (_clock.Elapsed < _next)
            return;
        _next = _clock.Elapsed + Interval;
        say?.Invoke(line);
    }
}
