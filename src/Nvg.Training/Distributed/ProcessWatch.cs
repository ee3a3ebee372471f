using Nvg.Torch;
using Nvg.Torch.Distributed;

namespace Nvg.Training.Distributed;

/// <summary>
/// Detects lost processes on a separate thread, even while this process is blocked in a collective. Every process increments a
/// counter in the store; rank 0 watches all counters, the others watch rank 0, and all watch for a reported failure.
/// </summary>
internal sealed class ProcessWatch : IDisposable
{
    private const int MissedRounds = 6;
    private const string FailureKey = "failure", ClaimKey = "failure/claimed";

    private readonly KeyValueStore _store;
    private readonly int _rank;
    private readonly int _size;
    private readonly TimeSpan _interval;
    private readonly Action<string> _lost;
    private readonly ManualResetEventSlim _ended = new();
    private readonly Thread _thread;
    private readonly Timer _timer;
    private int _missedTicks;
    private int _reported;

    /// <param name="connect">Opens a separate client of the store.</param>
    /// <param name="rank">Rank of this process.</param>
    /// <param name="size">Number of processes.</param>
    /// <param name="lostAfter">Time without a sign of life after which a process counts as lost.</param>
    /// <param name="lost">Called once, on another thread, with the reason why the run cannot continue.</param>
    internal ProcessWatch(Func<KeyValueStore> connect, int rank, int size, TimeSpan lostAfter, Action<string> lost)
    {
        (_store, _rank, _size, _interval, _lost) = (connect(), rank, size, lostAfter / MissedRounds, lost);
        _thread = new Thread(Watch) { IsBackground = true, Name = "process watch" };
        _thread.Start();
        // The client waits forever for a suspended server, so a timer watches the time. It counts rounds rather than seconds,
        // because a run that is suspended as a whole misses no round.
        _timer = new Timer(_ => Tick(), null, _interval, _interval);
    }

    /// <summary>Reports to all processes, through any client of the store, why this process ends. The first reason wins.</summary>
    internal static void ReportFailure(KeyValueStore store, string reason)
    {
        if (store.Add(ClaimKey, 1) == 1)
            store.Set(FailureKey, reason);
    }

    /// <summary>The reported reason, or null.</summary>
    internal static string? Failure(KeyValueStore store) => store.Has(FailureKey) ? store.Get(FailureKey) : null;

    public void Dispose()
    {
        _ended.Set();
        _timer.Dispose();
        // A thread that is blocked in the store ends with the process.
        if (_thread.Join(_interval))
        {
            _store.Dispose();
            _ended.Dispose();
        }
    }

    private void Watch()
    {
        long[] counts = new long[_size];
        int[] silent = new int[_size];
        int[] watched = _rank == 0 ? [.. Enumerable.Range(1, _size - 1)] : [0];
        try
        {
            while (!_ended.IsSet)
            {
                _store.Add(Beat(_rank), 1);
                foreach (int other in watched)
                {
                    long count = _store.Add(Beat(other), 0);
                    silent[other] = count == counts[other] ? silent[other] + 1 : 0;
                    counts[other] = count;
                    if (silent[other] > MissedRounds)
                        ReportFailure(_store, $"rank {other} has been silent for {(MissedRounds * _interval).TotalSeconds:F0} s");
                }

                if (Failure(_store) is { } reason)
                {
                    Report(reason);
                    return;
                }

                Interlocked.Exchange(ref _missedTicks, 0);
                _ended.Wait(_interval);
            }
        }
        catch (Exception error) when (error is TorchException or ObjectDisposedException)
        {
            if (!_ended.IsSet)
                Report("rank 0, which serves the store of the run, has ended");
        }
    }

    private void Tick()
    {
        if (Interlocked.Increment(ref _missedTicks) > MissedRounds && !_ended.IsSet)
            Report($"rank 0, which serves the store of the run, has been silent for {(MissedRounds * _interval).TotalSeconds:F0} s");
    }

    private void Report(string reason)
    {
        if (Interlocked.Exchange(ref _reported, 1) == 0)
            _lost(reason);
    }

    private static string Beat(int rank) => $"beat/{rank}";
}
