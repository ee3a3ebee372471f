using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nvg.Training.Distributed;

/// <summary>A loss term summed by one process.</summary>
/// <param name="Name">The term.</param>
/// <param name="Sum">Weighted sum over steps; may be infinite or NaN.</param>
/// <param name="Count">Sum of the weights; the weight of a value is its share of the step's batch.</param>
internal sealed record TermSum(string Name, double Sum, double Count)
{
    internal static JsonSerializerOptions Json { get; } = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
