using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Nvg.Server.Jobs;

/// <summary>
/// The events of one job, kept until the job is removed. Readers hold a position and no buffer, so a slow reader costs nothing.
/// The size is bounded by the stages and images of the job. Thread-safe.
/// </summary>
internal sealed class JobEventLog
{
    private readonly Lock _lock = new();
    private readonly List<JobEvent> _events = [];
    private TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isEnded;
    private long _bytes;

    /// <summary>Number of the last event; 0 if there is none.</summary>
    internal int Last
    {
        get
        {
            lock (_lock)
                return _events.Count;
        }
    }

    /// <summary>Whether no more events follow.</summary>
    internal bool IsEnded
    {
        get
        {
            lock (_lock)
                return _isEnded;
        }
    }

    /// <summary>Memory of the events in bytes.</summary>
    internal long Bytes
    {
        get
        {
            lock (_lock)
                return _bytes;
        }
    }

    /// <summary>Adds an event.</summary>
    /// <param name="name">Type of the event.</param>
    /// <param name="data">Content of the event, serialised as JSON.</param>
    /// <param name="stage">Stage of the event, or −1.</param>
    /// <param name="isLast">Whether this is the last event.</param>
    internal void Add(string name, object data, int stage = -1, bool isLast = false)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(data, ServerJson.Options);
        TaskCompletionSource more;
        lock (_lock)
        {
            if (_isEnded)
                return;
            _events.Add(new JobEvent(_events.Count + 1, name, json, stage));
            (_isEnded, _bytes) = (isLast, _bytes + json.Length);
            (more, _more) = (_more, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        more.SetResult();
    }

    /// <summary>Enumerates the events after a given one as they arrive, until the last event.</summary>
    /// <param name="after">Number of the last event that the reader has received; 0 for none.</param>
    /// <param name="idle">Time without an event after which null is returned.</param>
    /// <param name="cancellation">Ends the reading.</param>
    internal async IAsyncEnumerable<JobEvent?> ReadAsync(
        int after, TimeSpan idle, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        for (int next = after; ;)
        {
            (JobEvent[] events, bool isEnded, Task more) = After(next);
            foreach (JobEvent item in events)
                yield return item;
            next += events.Length;
            if (isEnded)
                yield break;
            bool isIdle = false;
            try
            {
                await more.WaitAsync(idle, cancellation).ConfigureAwait(false);
            }
            catch (TimeoutException)
            {
                isIdle = true;
            }

            if (isIdle)
                yield return null;
        }
    }

    private (JobEvent[] Events, bool IsEnded, Task More) After(int number)
    {
        lock (_lock)
        {
            int start = Math.Clamp(number, 0, _events.Count);
            return (_events[start..].ToArray(), _isEnded, _more.Task);
        }
    }
}
