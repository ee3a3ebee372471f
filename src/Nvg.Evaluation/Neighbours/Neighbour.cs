namespace Nvg.Evaluation.Neighbours;

/// <summary>A reference vector near a query.</summary>
/// <param name="Index">Index of the vector, in the order in which the reference was added.</param>
/// <param name="Distance">Euclidean distance to the query.</param>
public readonly record struct Neighbour(long Index, double Distance);
