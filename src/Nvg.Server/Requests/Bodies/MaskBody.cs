using Nvg.Conditioning;

namespace Nvg.Server.Requests.Bodies;

/// <summary>The region of a reference that is generated anew, from one source.</summary>
internal sealed record MaskBody
{
    /// <summary>L numbers, 1 = generate anew.</summary>
    public IReadOnlyList<int>? Positions { get; init; }

    /// <summary>Base64 or a data URL; white = generate anew.</summary>
    public string? Image { get; init; }

    public bool Outside { get; init; }

    public BorderRule Border { get; init; } = BorderRule.Split;
}
