namespace Nvg.Evaluation.Steering;

/// <summary>Shares of images that a classifier assigns to the old and the new class when the class inside a mask is changed.</summary>
/// <param name="OldBefore">Share assigned to the old class before the change (reconstructions by the tokenizer).</param>
/// <param name="NewBefore">Share assigned to the new class before the change.</param>
/// <param name="OldAfter">Share assigned to the old class after the change.</param>
/// <param name="NewAfter">Share assigned to the new class after the change.</param>
public sealed record ClassChange(double OldBefore, double NewBefore, double OldAfter, double NewAfter);
