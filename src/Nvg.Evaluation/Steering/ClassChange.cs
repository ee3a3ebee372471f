namespace Nvg.Evaluation.Steering;

/// <summary>Shares of images that a classifier assigns to the old and the new class when the class inside a mask is changed.</summary>
/// <param name="OldBefore">To the old class, before the change (reconstructions by the tokenizer).</param>
/// <param name="NewBefore">To the new class, before the change.</param>
/// <param name="OldAfter">To the old class, after the change.</param>
/// <param name="NewAfter">To the new class, after the change.</param>
public sealed record ClassChange(double OldBefore, double NewBefore, double OldAfter, double NewAfter);
