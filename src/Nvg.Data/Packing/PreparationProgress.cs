namespace Nvg.Data.Packing;

/// <summary>Progress of a preparation.</summary>
/// <param name="Done">Images packed.</param>
/// <param name="Skipped">Files skipped.</param>
/// <param name="ImagesPerSecond">Packed images per second since the start.</param>
/// <param name="Share">How much of the source has been read, from 0 to 1; null where that is unknown.</param>
public sealed record PreparationProgress(int Done, int Skipped, double ImagesPerSecond, double? Share);
