namespace Nvg.Server.Scheduling;

/// <summary>Limits of a queue, in waiting images.</summary>
/// <param name="All">Limit for all clients together.</param>
/// <param name="PerClient">Limit for one client.</param>
internal sealed record QueueLimits(int All, int PerClient);
