namespace Nvg.Server.Jobs;

/// <summary>An event of a job.</summary>
/// <param name="Id">Consecutive number, from 1.</param>
/// <param name="Name">Type of the event.</param>
/// <param name="Data">One line of JSON in UTF-8.</param>
/// <param name="Stage">Index of the stage for a stage event, otherwise −1.</param>
internal sealed record JobEvent(int Id, string Name, byte[] Data, int Stage);
