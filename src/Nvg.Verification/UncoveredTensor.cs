namespace Nvg.Verification;

/// <summary>A tensor of a fixture that nothing was compared with.</summary>
/// <param name="Name">The tensor in the fixture.</param>
/// <param name="Reason">Why.</param>
public sealed record UncoveredTensor(string Name, string Reason);
