using Nvg.Server.Observability;
using Nvg.Server.Scheduling;

namespace Nvg.Server.Jobs;

/// <summary>Accepts jobs, monitors them, and lets them finish when the server stops.</summary>
internal sealed class JobService : IDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1), DrainInterval = TimeSpan.FromMilliseconds(50);

    private readonly NvgServerOptions _options;
    private readonly ImageQueue _queue;
    private readonly WorkerHealth _health;
    private readonly JobStore _store;
    private readonly ServerMetrics _metrics;
    private readonly Lock _lock = new();
    private readonly HashSet<Job> _active = [];
    private readonly CancellationTokenSource _stopping = new();
    private volatile bool _isDraining;
    private Task _watch = Task.CompletedTask;

    public JobService(NvgServerOptions options, ImageQueue queue, WorkerHealth health, JobStore store, ServerMetrics metrics) =>
        (_options, _queue, _health, _store, _metrics) = (options, queue, health, store, metrics);

    /// <summary>Whether new work is rejected because the server is stopping.</summary>
    internal bool IsDraining => _isDraining;

    /// <summary>Why no work is accepted, or null.</summary>
    internal string? Problem => _isDraining ? "the server is shutting down" : _health.Problem;

    /// <summary>Starts monitoring deadlines, abandoned jobs and expired results.</summary>
    internal void Start() => _watch = WatchAsync();

    /// <summary>Throws if no work is accepted. Call this before spending effort on a request.</summary>
    /// <exception cref="RequestException">The server is stopping or cannot compute (503), or the queue is full (429).</exception>
    internal void RequireRoom(string client)
    {
        try
        {
            RequireReady();
            _queue.RequireRoomFor(client);
        }
        catch (RequestException refused)
        {
            _metrics.CountRejected(refused.Code!);
            throw;
        }
    }

    /// <summary>Accepts a job.</summary>
    /// <param name="client">The client that owns the job.</param>
    /// <param name="plan">The images to compute.</param>
    /// <param name="links">
    /// Paths of jobs, or null for a job that is not stored; the caller then takes the result from the returned job.
    /// </param>
    /// <exception cref="RequestException">The server is stopping or cannot compute (503), or the queue is full (429).</exception>
    internal Job Submit(string client, JobPlan plan, JobLinks? links)
    {
        var job = new Job(client, plan, links, _metrics);
        try
        {
            lock (_lock)
            {
                RequireReady();
                job.Queued(_queue.Waiting);
                _queue.Add(job.Tasks());
                _active.Add(job);
            }
        }
        catch (RequestException refused)
        {
            job.Dispose();
            _metrics.CountRejected(refused.Code!);
            throw;
        }

        if (links is not null)
            _store.Add(job);
        _ = job.Ended.ContinueWith(_ => Ended(job), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
        return job;
    }

    /// <summary>Cancels a job and frees its place in the queue.</summary>
    internal void Cancel(Job job, CancelReason reason)
    {
        job.Cancel(reason);
        _queue.RemoveCancelled(job.Client);
    }

    /// <summary>Responds to a client that waits for a job. Cancels the job if the client disconnects or the response fails.</summary>
    /// <param name="job">A job returned by <see cref="Submit"/>.</param>
    /// <param name="answer">Waits for the job and responds.</param>
    /// <param name="leaving">Cancelled when the client disconnects.</param>
    internal async Task<T> AnswerAsync<T>(Job job, Func<Task<T>> answer, CancellationToken leaving)
    {
        using CancellationTokenRegistration cancelling = leaving.UnsafeRegister(_ => Cancel(job, CancelReason.Client), null);
        try
        {
            return await answer().ConfigureAwait(false);
        }
        catch
        {
            // If the client disconnects, the response may end first; the registration is then disposed without having been called.
            Cancel(job, CancelReason.Client);
            throw;
        }
    }

    /// <summary>Number of images that are computed before the first image of a job; 0 once the queue has let go of the job.</summary>
    internal int PositionOf(Job job) => Math.Max(0, _queue.PositionOf(job));

    /// <summary>Rejects new work and waits until accepted work is done. Work that is not done when the wait ends is cancelled.</summary>
    /// <param name="cancellation">Ends the wait.</param>
    internal async Task DrainAsync(CancellationToken cancellation)
    {
        lock (_lock)
            _isDraining = true;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(_options.DrainTime);
        try
        {
            while (HasActive())
                await Task.Delay(DrainInterval, limit.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            foreach (Job job in Active())
                Cancel(job, CancelReason.Shutdown);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stopping.Cancel();
        foreach (Job job in Active())
            Cancel(job, CancelReason.Shutdown);
        _stopping.Dispose();
    }

    private void RequireReady()
    {
        if (Problem is { } problem)
        {
            throw new RequestException(503, $"no images are accepted: {problem}")
            {
                Code = _isDraining ? "draining" : "not_ready",
                RetryAfter = TimeSpan.FromSeconds(_isDraining ? 5 : 10),
            };
        }
    }

    private void Ended(Job job)
    {
        lock (_lock)
            _active.Remove(job);
        _store.Expire();
    }

    private bool HasActive()
    {
        lock (_lock)
            return _active.Count > 0;
    }

    private Job[] Active()
    {
        lock (_lock)
            return [.. _active];
    }

    private async Task WatchAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(WatchInterval, _stopping.Token).ConfigureAwait(false);
                foreach (Job job in Active())
                    CancelIfLate(job);
                _store.Expire();
            }
        }
        catch (OperationCanceledException)
        {
            // The server is stopping.
        }
    }

    private void CancelIfLate(Job job)
    {
        if (DateTimeOffset.UtcNow - job.Created > job.Plan.Deadline)
            Cancel(job, CancelReason.Deadline);
        else if (!job.Plan.Detached && job.IsStored && job.Untouched > _options.Abandonment)
            Cancel(job, CancelReason.Abandoned);
    }
}
