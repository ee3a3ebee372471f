namespace Nvg.Data.Packing;

/// <summary>How far a preparation is. How much is left is not known while an archive is being read.</summary>
/// <param name="Done">Images packed.</param>
/// <param name="Skipped">Files left out.</param>
/// <param name="ImagesPerSecond">Packed images per second since the start.</param>
public sealed record PreparationProgress(int Done, int Skipped, double ImagesPerSecond);
