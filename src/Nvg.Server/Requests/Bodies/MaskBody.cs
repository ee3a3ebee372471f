using Nvg.Conditioning;

namespace Nvg.Server.Requests.Bodies;

/// <summary>The region of a reference to regenerate, from one source.</summary>
internal sealed record MaskBody
{
    /// <summary>L numbers; 1 = regenerate.</summary>
    public IReadOnlyList<int>? Positions { get; init; }

    /// <summary>Base64 or a data URL; white = regenerate.</summary>
    public string? Image { get; init; }

    public bool Outside { get; init; }

    public BorderRule Border { get; init; } = BorderRule.Split;
}
