using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Nvg.Configuration;

namespace Nvg.Training.Runs;

/// <summary><c>state.json</c> of a checkpoint.</summary>
internal sealed record CheckpointState
{
    /// <summary>Steps done.</summary>
    public required long Step { get; init; }

    /// <summary>Steps of the optimizer.</summary>
    public required long OptimizerStep { get; init; }

    /// <summary>Identifies settings and data of the run.</summary>
    public required string Run { get; init; }

    /// <summary>SHA-256 of every other file of the checkpoint.</summary>
    public required Dictionary<string, string> Sha256 { get; init; }

    /// <summary>Mean, since the checkpoint before, of the term that the best checkpoint is chosen by; null without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Score { get; init; }

    /// <summary>SHA-256 of this file without this line. Runs of earlier versions have none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Checksum { get; init; }

    /// <summary>The state with its checksum.</summary>
    internal CheckpointState Sealed() => this with { Checksum = Sum() };

    /// <summary>Whether nothing changed since it was sealed.</summary>
    internal bool IsIntact => Checksum is null || Checksum == Sum();

    private string Sum() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(NvgJson.Write(this with { Checksum = null }))));
}
