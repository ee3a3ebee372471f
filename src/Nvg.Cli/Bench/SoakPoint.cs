namespace Nvg.Cli.Bench;

/// <summary>Tensors and memory of a process after some calls.</summary>
/// <param name="Calls">Generated images so far.</param>
/// <param name="LiveTensors">Tensors created and not disposed.</param>
/// <param name="ResidentMiB">Resident memory of the process.</param>
public sealed record SoakPoint(int Calls, long LiveTensors, double ResidentMiB);
