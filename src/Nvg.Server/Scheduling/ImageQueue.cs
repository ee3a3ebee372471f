using System.Diagnostics;

namespace Nvg.Server.Scheduling;

/// <summary>
/// The images that wait for one device. Bounded in images, and fair: the client that has had the least time of the device comes
/// first, so that a client with many images delays another one by one pass at most. Safe to use from several threads.
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

    /// <param name="limits">Bounds.</param>
    /// <param name="timeOfImage">What an image takes at the moment, to say when to try again.</param>
    internal ImageQueue(QueueLimits limits, Func<TimeSpan> timeOfImage) => (_limits, _timeOfImage) = (limits, timeOfImage);

    /// <summary>Images that wait.</summary>
    internal int Waiting
    {
        get
        {
            lock (_lock)
                return _waiting;
        }
    }

    /// <summary>Adds images, all or none.</summary>
    /// <exception cref="RequestException">There is no room (429).</exception>
    internal void Add(IReadOnlyList<ImageTask> tasks)
    {
        lock (_lock)
        {
            RequireRoom(tasks[0].Client, tasks.Count);
            if (!_clients.TryGetValue(tasks[0].Client, out WaitingClient? client))
            {
                // A client that was away starts with the others: what it did not use it cannot claim later.
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

        // One signal is enough: the worker takes what there is before it waits again.
        if (_arrived.CurrentCount == 0)
            _arrived.Release();
    }

    /// <summary>Throws where a client could not add images now, before work is spent on its request.</summary>
    /// <exception cref="RequestException">There is no room (429).</exception>
    internal void RequireRoomFor(string client, int images = 1)
    {
        lock (_lock)
            RequireRoom(client, images);
    }

    /// <summary>Takes images out that nobody wants any more.</summary>
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

    /// <summary>Waits for images and takes those of the next pass.</summary>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
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

    /// <summary>Takes the images of the next pass; empty where nothing waits.</summary>
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

    /// <summary>Images that are computed before the first of these, or −1 where none of them waits.</summary>
    internal int PositionOf(IPassListener listener)
    {
        lock (_lock)
        {
            // What the others have waiting before it, at most as many each as the client itself.
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

    // The client that has had the least; the one that came first where several have.
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

    // Within a pass an image counts at once, so that clients take turns in filling it.
    private static bool IsBefore(WaitingClient client, WaitingClient other) =>
        (client.Time + client.Charge, client.Arrival).CompareTo((other.Time + other.Charge, other.Arrival)) < 0;

    // A pass takes the same time however many images it has: its clients share it.
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

    // Until its pass is behind the clock, an idle client is remembered: coming back at once must not pay.
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
            throw Full($"{own} images of yours wait already; at most {_limits.PerClient} may", "client_queue_full");
    }

    private RequestException Full(string message, string code) => new(429, message)
    {
        Code = code,
        RetryAfter = TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(_waiting * _timeOfImage().TotalSeconds / 2), 1, 60)),
    };

    private sealed class WaitingClient(double time, long arrival)
    {
        internal LinkedList<ImageTask> Tasks { get; } = [];

        /// <summary>Passes that it has had, in the time of the queue.</summary>
        internal double Time { get; set; } = time;

        /// <summary>Images of the pass that is being put together.</summary>
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
