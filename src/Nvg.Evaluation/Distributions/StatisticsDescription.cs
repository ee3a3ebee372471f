namespace Nvg.Evaluation.Distributions;

/// <summary>Description of stored statistics.</summary>
/// <param name="Format">Version of the file format.</param>
/// <param name="Network">Name of the feature network.</param>
/// <param name="Fingerprint">Identity of its weights and resize.</param>
/// <param name="Preprocessing">How images were resized, for display.</param>
/// <param name="Count">Number of images.</param>
/// <param name="Width">Width of each image in pixels.</param>
/// <param name="Height">Height of each image in pixels.</param>
/// <param name="Source">Name of the folder or file the images came from.</param>
public sealed record StatisticsDescription(
    int Format, string Network, string Fingerprint, string Preprocessing, long Count, int Width, int Height, string Source);
