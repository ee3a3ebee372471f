using Microsoft.AspNetCore.Http;
using Nvg.Server.Jobs;

namespace Nvg.Server.Native;

/// <summary>What a client that waits for a job is told where it was not completed.</summary>
internal static class JobFailure
{
    /// <summary>The error of a job that is over, or null where it was completed.</summary>
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

    /// <summary>Throws where a job was not completed.</summary>
    /// <exception cref="RequestException">It was not.</exception>
    internal static void ThrowIfNotCompleted(Job job, HttpContext http)
    {
        if (Of(job) is not { } failure)
            return;
        // Clients repeat server errors by themselves; the same work would fail again.
        if (failure.Status is 504 or 500)
            http.Response.Headers["x-should-retry"] = "false";
        throw failure;
    }
}
