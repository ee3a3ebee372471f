namespace Nvg.Server.Jobs;

/// <summary>Why a job was cancelled.</summary>
internal enum CancelReason
{
    /// <summary>Its client asked for it, or left.</summary>
    Client,

    /// <summary>It took too long.</summary>
    Deadline,

    /// <summary>Nobody asked about it.</summary>
    Abandoned,

    /// <summary>The server stops.</summary>
    Shutdown,
}
