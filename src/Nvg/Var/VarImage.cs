using Nvg.Imaging;
using Nvg.Methods;
using Nvg.Previews;
using Nvg.Var.Sampling;

namespace Nvg.Var;

/// <summary>A generated image of a VAR model.</summary>
public sealed record VarImage : IGeneratedImage
{
    /// <summary>The request for it.</summary>
    public required VarImageRequest Request { get; init; }

    /// <inheritdoc/>
    public required string Label { get; init; }

    /// <inheritdoc/>
    public required RgbImage Image { get; init; }

    /// <summary>The tokens, scale by scale.</summary>
    public required IReadOnlyList<int> Tokens { get; init; }

    /// <summary>The settings it was drawn with.</summary>
    public required VarSamplingOptions Options { get; init; }

    /// <inheritdoc/>
    public required IReadOnlyList<StageImage> Stages { get; init; }

    /// <inheritdoc/>
    public int Class => Request.Class;

    /// <inheritdoc/>
    public ulong Seed => Request.Seed;

    /// <inheritdoc/>
    public string? Variant => Request.Variant;
}
