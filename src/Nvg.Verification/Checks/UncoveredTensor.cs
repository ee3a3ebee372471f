namespace Nvg.Verification.Checks;

/// <summary>A tensor of a fixture that was not compared.</summary>
/// <param name="Name">Name of the tensor in the fixture.</param>
/// <param name="Reason">Reason why it was not compared.</param>
public sealed record UncoveredTensor(string Name, string Reason);
