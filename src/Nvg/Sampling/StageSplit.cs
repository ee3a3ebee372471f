using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>The structure map of the next stage. The tensors belong to the scope that the object is created in.</summary>
/// <param name="Scores_RL">
/// The channel that ranks the positions of each cluster, for images whose split was not given, before given parts and Gumbel noise are
/// applied: the end of the flow, or the noise itself in the last split. Null if all labels were given.
/// </param>
/// <param name="Labels_BL">The next structure map.</param>
/// <param name="Steps">Number of Euler steps of the structure flow; 0 if it did not run.</param>
internal sealed record StageSplit(Tensor? Scores_RL, Tensor Labels_BL, int Steps);
