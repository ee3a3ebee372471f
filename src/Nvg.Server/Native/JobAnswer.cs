using Nvg.Server.Jobs;

namespace Nvg.Server.Native;

/// <summary>A job as returned by the API.</summary>
internal sealed record JobAnswer(
    string Id, JobState State, string Model, DateTimeOffset Created, int? QueuePosition, double Progress,
    IReadOnlyList<JobImageAnswer> Images, StructureAnswer? Structure, IReadOnlyList<string> Notes, JobErrorAnswer? Error,
    DateTimeOffset? Expires, int LastEvent, JobLinksAnswer Links)
{
    internal static JobAnswer Of(Job job, JobService jobs, JobStore store)
    {
        int position = jobs.PositionOf(job);
        double progress = job.Progress;
        return job.Read(state => new JobAnswer(
            job.Id, state, job.Plan.Model.Name, job.Created, state == JobState.Queued ? position : null,
            progress, [.. job.Images.Select(i => JobImageAnswer.Of(job, i))],
            job.Plan.Structure is { } structure ? StructureAnswer.Of(structure) : null, job.Plan.Notes,
            state == JobState.Failed ? new JobErrorAnswer("Internal Server Error", 500, Job.FailureText) : null, store.ExpiryOf(job),
            job.Events.Last, new JobLinksAnswer(job.Links.Self, job.Links.Events)));
    }
}

/// <summary>Why a job failed.</summary>
internal sealed record JobErrorAnswer(string Title, int Status, string Detail);

/// <summary>Paths of a job.</summary>
internal sealed record JobLinksAnswer(string Self, string Events);
