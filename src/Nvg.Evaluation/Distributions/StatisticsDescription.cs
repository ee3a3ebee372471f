namespace Nvg.Evaluation.Distributions;

/// <summary>What stored statistics are of.</summary>
/// <param name="Format">Version of the file.</param>
/// <param name="Network">Name of the feature network.</param>
/// <param name="Fingerprint">All that decides its features.</param>
/// <param name="Preprocessing">How images were brought to its size, in words.</param>
/// <param name="Count">How many images.</param>
/// <param name="Width">Columns of each.</param>
/// <param name="Height">Rows of each.</param>
/// <param name="Source">Name of the folder or file they came from.</param>
public sealed record StatisticsDescription(int Format, string Network, string Fingerprint, string Preprocessing, long Count, int Width, int Height, string Source);
