namespace Nvg.Evaluation.Neighbours;

/// <summary>A vector of the reference, seen from a query.</summary>
/// <param name="Index">Its number, in the order in which the reference was given.</param>
/// <param name="Distance">Euclidean distance.</param>
public readonly record struct Neighbour(long Index, double Distance);
