namespace Nvg.Data;

/// <summary>How far a preparation is. How much is left is not known while an archive is being read.</summary>
/// <param name="Done">Pictures packed.</param>
/// <param name="Skipped">Files left out.</param>
/// <param name="PicturesPerSecond">Packed pictures per second since the start.</param>
public sealed record PreparationProgress(int Done, int Skipped, double PicturesPerSecond);
