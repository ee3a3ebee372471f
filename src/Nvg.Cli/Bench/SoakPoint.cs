namespace Nvg.Cli.Bench;

/// <summary>Tensors and memory of the process after a number of images.</summary>
/// <param name="Calls">Number of images generated.</param>
/// <param name="LiveTensors">Tensors not yet disposed.</param>
/// <param name="ResidentMiB">Resident memory of the process.</param>
public sealed record SoakPoint(int Calls, long LiveTensors, double ResidentMiB);
