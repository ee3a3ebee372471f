namespace Nvg.Data.Packing;

/// <summary>Progress of a preparation. The remaining work is unknown while an archive is read.</summary>
/// <param name="Done">Images packed.</param>
/// <param name="Skipped">Files skipped.</param>
/// <param name="ImagesPerSecond">Packed images per second since the start.</param>
public sealed record PreparationProgress(int Done, int Skipped, double ImagesPerSecond);
