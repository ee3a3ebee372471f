namespace Nvg.Evaluation.Metrics;

/// <summary>How many distances are computed at once.</summary>
/// <param name="Rows">Vectors of the one set.</param>
/// <param name="Columns">Vectors of the other set.</param>
internal readonly record struct TileSize(int Rows, int Columns);
