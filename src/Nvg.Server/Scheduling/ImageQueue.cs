using System.Diagnostics;

namespace Nvg.Server.Scheduling;

/// <summary>
/// The images that wait for one device. The queue is bounded and fair: the client that has used the least device time comes
/// first, so a client with many images delays another client by at most one pass. Thread-safe.
/// </summary>
internal sealed class ImageQueue : IDisposable
{
    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Dictionary<string, WaitingClient> _clients = [];
    private readonly QueueLimits _limits;
    private readonly Func<TimeSpan> _timeOfImage;
    private double _clock;
    private int _waiting;
    private long _arrivals;

    /// <param name="limits">Limits of the queue.</param>
    /// <param name="timeOfImage">Returns the current time per image, from which the time to retry is estimated.</param>
    internal ImageQueue(QueueLimits limits, Func<TimeSpan> timeOfImage) => (_limits, _timeOfImage) = (limits, timeOfImage);

    /// <summary>Number of waiting images.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting;
        }
    }

    /// <summary>Adds images, all or none.</summary>
    /// <exception cref="RequestException">The queue is full (429).</exception>
    internal void Add(IReadOnlyList<ImageTask> tasks)
    {
        lock (_lock)
        {
            RequireRoom(tasks[0].Client, tasks.Count);
            if (!_clients.TryGetValue(tasks[0].Client, out WaitingClient? client))
            {
                // A client that returns starts level with the others; it cannot claim time that it did not use.
                client = new WaitingClient(_clock, _arrivals++);
                _clients.Add(tasks[0].Client, client);
            }

            foreach (ImageTask task in tasks)
            {
                task.Since = Stopwatch.GetTimestamp();
                client.Tasks.AddLast(task);
            }

            _waiting += tasks.Count;
        }

        // One signal is enough, because the worker takes all waiting images before it waits again.
        if (_arrived.CurrentCount == 0)
            _arrived.Release();
    }

    /// <summary>Throws if a client cannot add images now. Call this before spending work on its request.</summary>
    /// <exception cref="RequestException">The queue is full (429).</exception>
    internal void RequireRoomFor(string client, int images = 1)
    {
        lock (_lock)
            RequireRoom(client, images);
    }

    /// <summary>Removes images that nobody wants any more.</summary>
    internal void RemoveCancelled(string client)
    {
        lock (_lock)
        {
            if (!_clients.TryGetValue(client, out WaitingClient? waiting))
                return;
            for (LinkedListNode<ImageTask>? node = waiting.Tasks.First; node is not null;)
            {
                (LinkedListNode<ImageTask> current, node) = (node, node.Next);
                if (current.Value.IsCancelled)
                    Remove(waiting, current);
            }

            ForgetIfIdle(client, waiting);
        }
    }

    /// <summary>Waits for images and takes the images of the next pass.</summary>
    /// <exception cref="OperationCanceledException">The wait was cancelled.</exception>
    internal List<ImageTask> Take(CancellationToken cancellation)
    {
        while (true)
        {
            List<ImageTask> pass = TryTake();
            if (pass.Count > 0)
                return pass;
            _arrived.Wait(cancellation);
        }
    }

    /// <summary>Takes the images of the next pass; empty if no image is waiting.</summary>
    internal List<ImageTask> TryTake()
    {
        lock (_lock)
        {
            var pass = new List<ImageTask>();
            if (Next(null) is not { } first)
                return pass;
            PassKey key = first.Node.Value.Key;
            var takers = new List<WaitingClient>();
            (WaitingClient Client, LinkedListNode<ImageTask> Node)? next = first;
            for (; next is { } found && pass.Count < key.Model.BatchSize; next = Next(key))
            {
                pass.Add(found.Node.Value);
                takers.Add(found.Client);
                found.Client.Charge += 1;
                Remove(found.Client, found.Node);
            }

            Settle(takers, pass.Count);
            return pass;
        }
    }

    /// <summary>Number of images that are computed before the first image of a listener, or −1 if none of its images is waiting.</summary>
    internal int PositionOf(IPassListener listener)
    {
        lock (_lock)
        {
            // Counts the waiting images of the other clients, but no more of each than the client's own.
            foreach (WaitingClient client in _clients.Values)
            {
                int own = client.Tasks.Index().FirstOrDefault(t => t.Item.Listener == listener, (-1, null!)).Index;
                if (own >= 0)
                    return own
                        + _clients.Values.Where(c => c != client).Sum(c => Math.Min(c.Tasks.Count, own + (IsBefore(c, client) ? 1 : 0)));
            }

            return -1;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _arrived.Dispose();

    // The client that has used the least time; among equals, the one that arrived first.
    private (WaitingClient Client, LinkedListNode<ImageTask> Node)? Next(PassKey? key)
    {
        (WaitingClient Client, LinkedListNode<ImageTask> Node)? best = null;
        foreach (WaitingClient client in _clients.Values)
        {
            if (best is { } chosen && !IsBefore(client, chosen.Client))
                continue;
            if (client.First(key) is { } node)
                best = (client, node);
        }

        return best;
    }

    // Within a pass, an image counts at once, so that clients take turns in filling the pass.
    private static bool IsBefore(WaitingClient client, WaitingClient other) =>
        (client.Time + client.Charge, client.Arrival).CompareTo((other.Time + other.Charge, other.Arrival)) < 0;

    // A pass takes the same time for any number of images, so its clients share the time.
    private void Settle(List<WaitingClient> takers, int count)
    {
        foreach (WaitingClient client in takers.Distinct())
        {
            _clock = Math.Max(_clock, client.Time);
            client.Time += client.Charge / count;
            client.Charge = 0;
        }

        foreach ((string name, WaitingClient client) in _clients.ToArray())
            ForgetIfIdle(name, client);
    }

    private void Remove(WaitingClient client, LinkedListNode<ImageTask> node)
    {
        client.Tasks.Remove(node);
        _waiting--;
    }

    // An idle client is remembered until the clock has passed its time, so that it gains nothing by coming back at once.
    private void ForgetIfIdle(string name, WaitingClient client)
    {
        if (client.Tasks.Count == 0 && (client.Time <= _clock || _waiting == 0))
            _clients.Remove(name);
    }

    private void RequireRoom(string client, int images)
    {
        int own = _clients.TryGetValue(client, out WaitingClient? waiting) ? waiting.Tasks.Count : 0;
        if (_waiting + images > _limits.All)
            throw Full($"the queue is full: {_waiting} of {_limits.All} images wait", "queue_full");
        if (own + images > _limits.PerClient)
        {
            throw Full(
                $"you already have {own} waiting {(own == 1 ? "image" : "images")}; the limit is {_limits.PerClient}", "client_queue_full");
        }
    }

    private RequestException Full(string message, string code) => new(429, message)
    {
        Code = code,
        RetryAfter = TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(_waiting * _timeOfImage().TotalSeconds / 2), 1, 60)),
    };

    private sealed class WaitingClient(double time, long arrival)
    {
        internal LinkedList<ImageTask> Tasks { get; } = [];

        /// <summary>Passes that the client has used, in the time of the queue.</summary>
        internal double Time { get; set; } = time;

        /// <summary>Images of the client in the pass that is being assembled.</summary>
        internal double Charge { get; set; }

        internal long Arrival => arrival;

        internal LinkedListNode<ImageTask>? First(PassKey? key)
        {
            LinkedListNode<ImageTask>? node = Tasks.First;
            while (node is not null && (node.Value.IsCancelled || (key is not null && node.Value.Key != key)))
                node = node.Next;
            return node;
        }
    }
}
