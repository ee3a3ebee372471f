using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>The structure map of the next stage. Its tensors belong to the scope it is created in.</summary>
/// <param name="Scores_BL">What the clusters were split by, of images that a network computed; null where none did.</param>
/// <param name="Labels_BL">The next structure map.</param>
/// <param name="Steps">Euler steps that the structure flow took; 0 where none ran.</param>
internal sealed record StageSplit(Tensor? Scores_BL, Tensor Labels_BL, int Steps);
