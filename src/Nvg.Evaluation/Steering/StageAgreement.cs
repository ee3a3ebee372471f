namespace Nvg.Evaluation.Steering;

/// <summary>
/// How far structure that was given is found again in the images, for one stage, as adjusted Rand indices: 1 is the same map, 0 is chance.
/// </summary>
/// <param name="Stage">i.</param>
/// <param name="Followed">In images that were given the structure.</param>
/// <param name="Unguided">In images of the same classes and seeds that were not.</param>
/// <param name="Chance">In maps with the positions shuffled.</param>
/// <param name="Reconstructed">In the images that the structure was taken from, after a way through the tokenizer: the most that could be found.</param>
public sealed record StageAgreement(int Stage, double Followed, double Unguided, double Chance, double Reconstructed);
