namespace Nvg.Data.Packing;

/// <summary>Progress of a preparation.</summary>
/// <param name="Done">Number of packed images.</param>
/// <param name="Skipped">Number of skipped files.</param>
/// <param name="ImagesPerSecond">Packed images per second since the start.</param>
/// <param name="Share">Share of the source that has been read, from 0 to 1; null if unknown.</param>
public sealed record PreparationProgress(int Done, int Skipped, double ImagesPerSecond, double? Share);
