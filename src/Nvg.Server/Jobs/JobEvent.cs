namespace Nvg.Server.Jobs;

/// <summary>An event of a job.</summary>
/// <param name="Id">From 1, growing by one.</param>
/// <param name="Name">Its type.</param>
/// <param name="Data">One line of JSON in UTF-8.</param>
/// <param name="Stage">For an event of a stage its index, else −1.</param>
internal sealed record JobEvent(int Id, string Name, byte[] Data, int Stage);
