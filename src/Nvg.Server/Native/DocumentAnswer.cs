using Nvg.Conditioning;
using Nvg.Sampling;
using Nvg.Torch;

namespace Nvg.Server.Native;

/// <summary>The content of a document or an image.</summary>
internal sealed record DocumentAnswer
{
    public required string Kind { get; init; }

    public string? Model { get; init; }

    public bool? IsServed { get; init; }

    public int? Class { get; init; }

    public string? Label { get; init; }

    public string? Seed { get; init; }

    public DocumentTarget? To { get; init; }

    public SamplingOptions? Sampling { get; init; }

    public ScalarType? Precision { get; init; }

    public string? Device { get; init; }

    public int? Batch { get; init; }

    public bool? Reproducible { get; init; }

    public required LatentAnswer Latent { get; init; }

    public required string Image { get; init; }

    public required int Width { get; init; }

    public required int Height { get; init; }

    public IReadOnlyList<int>? Mask { get; init; }

    public required IReadOnlyList<DocumentStage> Stages { get; init; }

    public double? Psnr { get; init; }
}

/// <summary>The end of an interpolation.</summary>
internal sealed record DocumentTarget(int? Class, string? Seed, double Share)
{
    internal static DocumentTarget? Of(Interpolation? interpolation) => interpolation is null ? null
        : new DocumentTarget(interpolation.Class, interpolation.Seed is { } seed ? $"{seed}" : null, interpolation.Share);
}

/// <summary>A stage of a document.</summary>
internal sealed record DocumentStage(
    int Index, int Clusters, IReadOnlyList<int> Structure, IReadOnlyList<int> Content, string GivenStructure, string GivenContent,
    string? Preview);
