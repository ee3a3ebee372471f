namespace Nvg.Server.Jobs;

/// <summary>
/// The jobs that clients can query. Ended jobs are kept within limits of time, images and bytes; the last ids of removed jobs are
/// remembered. Thread-safe.
/// </summary>
internal sealed class JobStore
{
    private const int RememberedIds = 4096;

    private readonly NvgServerOptions _options;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, Job> _jobs = [];
    private readonly Queue<string> _goneOrder = new();
    private readonly HashSet<string> _gone = [];

    public JobStore(NvgServerOptions options) => _options = options;

    /// <summary>All jobs.</summary>
    internal IReadOnlyList<Job> All
    {
        get
        {
            lock (_lock)
                return [.. _jobs.Values];
        }
    }

    internal void Add(Job job)
    {
        lock (_lock)
            _jobs.Add(job.Id, job);
    }

    /// <summary>Finds a client's job.</summary>
    /// <exception cref="RequestException">The client has no such job (404), or its results have expired (410).</exception>
    internal Job Get(string id, string client)
    {
        lock (_lock)
        {
            if (_jobs.TryGetValue(id, out Job? job) && job.Client == client)
            {
                job.Touch();
                return job;
            }

            throw _gone.Contains(id)
                ? new RequestException(410, "the results of this job have been deleted")
                : RequestException.NotFound("there is no such job");
        }
    }

    /// <summary>The latest time at which the results of an ended job are removed, or null.</summary>
    internal DateTimeOffset? ExpiryOf(Job job) => job.EndedAt is { } ended ? ended + _options.ResultLifetime : null;

    /// <summary>Deletes a job with its results.</summary>
    internal void Remove(Job job)
    {
        lock (_lock)
            Forget(job);
    }

    /// <summary>Deletes results that are too old or too many, oldest first.</summary>
    internal void Expire()
    {
        lock (_lock)
        {
            Job[] over = [.. _jobs.Values.Where(j => j.IsOver).OrderByDescending(j => j.EndedAt)];
            long images = 0, bytes = 0;
            foreach (Job job in over)
            {
                images += job.Images.Count;
                bytes += job.Bytes;
                if (images > _options.ResultImages || bytes > _options.ResultBytes || ExpiryOf(job) < DateTimeOffset.UtcNow)
                    Forget(job);
            }
        }
    }

    private void Forget(Job job)
    {
        if (!_jobs.Remove(job.Id))
            return;
        // The job is not disposed here: readers of events may still hold it, and need only its log.
        if (_gone.Add(job.Id))
            _goneOrder.Enqueue(job.Id);
        if (_goneOrder.Count > RememberedIds)
            _gone.Remove(_goneOrder.Dequeue());
    }
}
