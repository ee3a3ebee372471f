using Nvg.Torch;
using Nvg.Torch.Distributed;

namespace Nvg.Training.Distributed;

/// <summary>
/// Notices on a thread of its own when the other processes of a run no longer live, also where this process waits for
/// them inside a collective. Every process counts up a number in the store; rank 0 looks at all of them, the others at that of
/// rank 0, and all look whether one has reported a failure.
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

    /// <param name="connect">Opens a client of the store for this thread alone.</param>
    /// <param name="rank">Number of this process.</param>
    /// <param name="size">How many processes there are.</param>
    /// <param name="lostAfter">A process that is silent for so long is lost.</param>
    /// <param name="lost">Told once, on another thread, why the run cannot go on.</param>
    internal ProcessWatch(Func<KeyValueStore> connect, int rank, int size, TimeSpan lostAfter, Action<string> lost)
    {
        (_store, _rank, _size, _interval, _lost) = (connect(), rank, size, lostAfter / MissedRounds, lost);
        _thread = new Thread(Watch) { IsBackground = true, Name = "process watch" };
        _thread.Start();
        // The store's client waits without end for a server that is suspended, so somebody else must look at the time.
        // Rounds are counted rather than seconds: a run that is suspended as a whole has missed none.
        _timer = new Timer(_ => Tick(), null, _interval, _interval);
    }

    /// <summary>Tells all processes, through any client of the store, why this one ends. The first reason stays.</summary>
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
        // A thread that hangs in the store ends with the process.
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
                Report("rank 0, at which the processes meet, is gone");
        }
    }

    private void Tick()
    {
        if (Interlocked.Increment(ref _missedTicks) > MissedRounds && !_ended.IsSet)
            Report($"rank 0, at which the processes meet, has been silent for {(MissedRounds * _interval).TotalSeconds:F0} s");
    }

    private void Report(string reason)
    {
        if (Interlocked.Exchange(ref _reported, 1) == 0)
            _lost(reason);
    }

    private static string Beat(int rank) => $"beat/{rank}";
}
