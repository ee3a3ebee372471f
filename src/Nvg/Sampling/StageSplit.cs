using Nvg.Torch;

namespace Nvg.Sampling;

/// <summary>The structure map of the next stage. Its tensors belong to the scope it is created in.</summary>
/// <param name="Scores_RL">
/// The channel that ranks the positions of each cluster, of images whose split was not given, before given parts and Gumbel noise: the
/// end of the flow, or the noise itself in the last split. Null where all labels were given.
/// </param>
/// <param name="Labels_BL">The next structure map.</param>
/// <param name="Steps">Euler steps that the structure flow took; 0 where none ran.</param>
internal sealed record StageSplit(Tensor? Scores_RL, Tensor Labels_BL, int Steps);
