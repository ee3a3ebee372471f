using System.Collections.Concurrent;
using Nvg.Server.Jobs;

namespace Nvg.Server.Automatic1111;

/// <summary>The jobs that clients are waiting for, so that each client can query and interrupt its own jobs.</summary>
internal sealed class RunningJobs
{
    private readonly ConcurrentDictionary<Job, bool> _jobs = new();

    /// <summary>Adds a job until the result is disposed.</summary>
    internal IDisposable Add(Job job)
    {
        _jobs[job] = true;
        return new Entry(this, job);
    }

    /// <summary>The jobs of a client, oldest first.</summary>
    internal IReadOnlyList<Job> Of(string client) => [.. _jobs.Keys.Where(j => j.Client == client).OrderBy(j => j.Created)];

    private sealed class Entry(RunningJobs owner, Job job) : IDisposable
    {
        public void Dispose() => owner._jobs.TryRemove(job, out _);
    }
}
