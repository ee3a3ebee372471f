namespace Nvg.Evaluation.Steering;

/// <summary>How well images follow drawings of two regions: mean intersection over union of the drawn and the found dark region.</summary>
/// <param name="Count">Number of drawings.</param>
/// <param name="Stages">Stages that a drawing determines, stage 0 included; the mean over the drawings.</param>
/// <param name="DarkShare">Mean share of the pixels that are drawn dark.</param>
/// <param name="Followed">With the drawing given.</param>
/// <param name="Unguided">Of the same classes and seeds without it; chance.</param>
/// <param name="Reconstructed">Of the real images after encoding and decoding.</param>
/// <param name="Balanced">Of the drawing after the two regions were made of clusters of equal size; no image can follow better.</param>
public sealed record DrawingReport(
    int Count, double Stages, double DarkShare, double Followed, double Unguided, double Reconstructed, double Balanced);
