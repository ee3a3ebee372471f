namespace Nvg.Server.Scheduling;

/// <summary>Bounds of a queue, in images that wait.</summary>
/// <param name="All">Of all clients together.</param>
/// <param name="PerClient">Of one client.</param>
internal sealed record QueueLimits(int All, int PerClient);
