namespace Nvg.Server.Jobs;

/// <summary>State of a job, or of one of its images.</summary>
internal enum JobState
{
    Queued,
    Running,
    Completed,
    Failed,
    Cancelled,
}
