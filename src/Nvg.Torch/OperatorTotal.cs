namespace Nvg.Torch;

/// <summary>Call count and total time of one operator.</summary>
/// <param name="Name">The operator, such as <c>aten::mm</c>, or a copy between host and device.</param>
/// <param name="Calls">Number of calls.</param>
/// <param name="Seconds">Host time, excluding the operators that it called.</param>
internal sealed record OperatorTotal(string Name, long Calls, double Seconds);
