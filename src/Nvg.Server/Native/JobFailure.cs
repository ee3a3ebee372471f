using Microsoft.AspNetCore.Http;
using Nvg.Server.Jobs;

namespace Nvg.Server.Native;

/// <summary>Errors for a client that waits for a job that was not completed.</summary>
internal static class JobFailure
{
    /// <summary>The error of an ended job, or null if it was completed.</summary>
    internal static RequestException? Of(Job job) => (job.State, job.Reason) switch
    {
        (JobState.Completed, _) => null,
        (JobState.Cancelled, CancelReason.Shutdown) => new RequestException(503, "the server is shutting down")
        {
            Code = "draining",
            RetryAfter = TimeSpan.FromSeconds(5),
        },
        (JobState.Cancelled, CancelReason.Deadline) => new RequestException(504, "the deadline has passed") { Code = "deadline" },
        (JobState.Cancelled, _) => new RequestException(409, "the request was cancelled") { Code = "cancelled" },
        _ => new RequestException(500, Job.FailureText, job.Error) { Code = "failed" },
    };

    /// <summary>Throws if a job was not completed.</summary>
    /// <exception cref="RequestException">The job was not completed.</exception>
    internal static void ThrowIfNotCompleted(Job job, HttpContext http)
    {
        if (Of(job) is not { } failure)
            return;
        // Clients retry after server errors by themselves, but the same work would fail again.
        if (failure.Status is 504 or 500)
            http.Response.Headers["x-should-retry"] = "false";
        throw failure;
    }
}
