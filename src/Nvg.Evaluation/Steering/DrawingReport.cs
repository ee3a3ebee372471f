namespace Nvg.Evaluation.Steering;

/// <summary>
/// How well images follow drawings of two regions: mean intersection over union of the drawn dark region and the one in the
/// image.
/// </summary>
/// <param name="Count">Number of drawings.</param>
/// <param name="Stages">Stages that a drawing determines, stage 0 included; the mean over the drawings.</param>
/// <param name="DarkShare">Mean share of the pixels that are drawn dark.</param>
/// <param name="Followed">For images generated with the drawing.</param>
/// <param name="Unguided">For images of the same classes and seeds without the drawing: the level of chance.</param>
/// <param name="Reconstructed">For the real images after encoding and decoding.</param>
/// <param name="Balanced">For the drawing itself, after its regions were approximated by clusters of equal size: the upper limit.</param>
public sealed record DrawingReport(
    int Count, double Stages, double DarkShare, double Followed, double Unguided, double Reconstructed, double Balanced);
