using System.Text.Json;
using System.Text.Json.Serialization;

namespace Nvg.Training.Distributed;

/// <summary>A loss term as one process has summed it.</summary>
/// <param name="Name">The term.</param>
/// <param name="Sum">Weighted, over steps; may be infinite or not-a-number.</param>
/// <param name="Count">Sum of the weights: of each value the share of its step's batch that it is about.</param>
internal sealed record TermSum(string Name, double Sum, double Count)
{
    internal static JsonSerializerOptions Json { get; } = new() { NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals };
}
