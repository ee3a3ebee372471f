namespace Nvg.Torch;

/// <summary>What the calls of one operator took.</summary>
/// <param name="Name">The operator, such as <c>aten::mm</c>, or a copy between host and device.</param>
/// <param name="Calls">Number of calls.</param>
/// <param name="Seconds">Time of the host, without the operators that it called.</param>
internal sealed record OperatorTotal(string Name, long Calls, double Seconds);
