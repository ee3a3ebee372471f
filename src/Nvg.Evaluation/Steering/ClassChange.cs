namespace Nvg.Evaluation.Steering;

/// <summary>Shares of images that a classifier takes for a class.</summary>
/// <param name="OldBefore">For their own class, as the tokenizer gives them back.</param>
/// <param name="NewBefore">For the class that they are to become.</param>
/// <param name="OldAfter">For their old class, after the class was changed inside the mask.</param>
/// <param name="NewAfter">For the new class then.</param>
public sealed record ClassChange(double OldBefore, double NewBefore, double OldAfter, double NewAfter);
