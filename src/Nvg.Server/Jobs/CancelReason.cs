namespace Nvg.Server.Jobs;

/// <summary>Why a job was cancelled.</summary>
internal enum CancelReason
{
    /// <summary>The client cancelled the job or disconnected.</summary>
    Client,

    /// <summary>The job took too long.</summary>
    Deadline,

    /// <summary>No client queried the job.</summary>
    Abandoned,

    /// <summary>The server is stopping.</summary>
    Shutdown,
}
