namespace Nvg.Training.Planning;

/// <summary>A choice of a plan.</summary>
/// <param name="Name">What is chosen, such as <c>codebook</c>.</param>
/// <param name="Value">The choice.</param>
/// <param name="Reason">Reason for the choice, as part of a sentence.</param>
public sealed record PlanChoice(string Name, string Value, string Reason);
