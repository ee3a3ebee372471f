namespace Nvg.Evaluation.Steering;

/// <summary>
/// Agreement between given structure and the structure of the images at one stage, as adjusted Rand indices: 1 is the same
/// map, 0 is chance.
/// </summary>
/// <param name="Stage">Stage index (i).</param>
/// <param name="Followed">For images generated with the given structure.</param>
/// <param name="Unguided">For images of the same classes and seeds without the given structure.</param>
/// <param name="Chance">For maps with shuffled positions.</param>
/// <param name="Reconstructed">For reconstructions of the images that the structure was taken from: the upper limit.</param>
public sealed record StageAgreement(int Stage, double Followed, double Unguided, double Chance, double Reconstructed);
