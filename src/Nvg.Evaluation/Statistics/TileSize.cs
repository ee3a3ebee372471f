namespace Nvg.Evaluation.Statistics;

/// <summary>Number of distances computed at once.</summary>
/// <param name="Rows">Vectors of the first set.</param>
/// <param name="Columns">Vectors of the second set.</param>
internal readonly record struct TileSize(int Rows, int Columns);
