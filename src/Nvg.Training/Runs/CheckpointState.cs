using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using Nvg.Configuration;

namespace Nvg.Training.Runs;

/// <summary><c>state.json</c> of a checkpoint.</summary>
internal sealed record CheckpointState
{
    /// <summary>Completed steps.</summary>
    public required long Step { get; init; }

    /// <summary>Step count of the optimizer.</summary>
    public required long OptimizerStep { get; init; }

    /// <summary>Identity of the run (<see cref="RunIdentity"/>).</summary>
    public required string Run { get; init; }

    /// <summary>SHA-256 of every other file of the checkpoint.</summary>
    public required Dictionary<string, string> Sha256 { get; init; }

    /// <summary>Mean, since the previous checkpoint, of the term that selects the best checkpoint; null without one.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Score { get; init; }

    /// <summary>SHA-256 of this file without this property. Runs of earlier versions have none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Checksum { get; init; }

    /// <summary>Returns the state with its checksum.</summary>
    internal CheckpointState Sealed() => this with { Checksum = Sum() };

    /// <summary>Whether the state is unchanged since it was sealed.</summary>
    internal bool IsIntact => Checksum is null || Checksum == Sum();

    private string Sum() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(NvgJson.Write(this with { Checksum = null }))));
}
