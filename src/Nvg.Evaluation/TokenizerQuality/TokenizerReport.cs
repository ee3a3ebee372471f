using Nvg.Evaluation.Distributions;

namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>Figures of a tokenizer over a set of images.</summary>
public sealed record TokenizerReport
{
    /// <summary>How many images.</summary>
    public required int Count { get; init; }

    /// <summary>How many of them had another size and were resized and cropped to the tokenizer's; those of a packed data set were brought to it when it was made and do not count.</summary>
    public required int Resized { get; init; }

    /// <summary>How many of them were grey and became three equal channels; not counted in a packed data set.</summary>
    public required int Grey { get; init; }

    /// <summary>The mean over the images after the round trip.</summary>
    public required ReconstructionQuality Quality { get; init; }

    /// <summary>Which LPIPS, or null.</summary>
    public required string? PerceptualName { get; init; }

    /// <summary>Distances of the reconstructions' features from the originals'; empty without a feature network.</summary>
    public required IReadOnlyList<MetricValue> Distances { get; init; }

    /// <summary>The feature network and its resize, or null.</summary>
    public required string? Network { get; init; }

    /// <summary>V.</summary>
    public required int CodebookSize { get; init; }

    /// <summary>Share of the codes that any stage uses.</summary>
    public required double CodebookUsage { get; init; }

    /// <summary>e to the entropy of all codes.</summary>
    public required double Perplexity { get; init; }

    /// <summary>Stage by stage: quality over tokens.</summary>
    public required IReadOnlyList<StageQuality> Stages { get; init; }

    /// <summary>The best images, best first, by LPIPS where there is one, else by PSNR.</summary>
    public required IReadOnlyList<RankedImage> Best { get; init; }

    /// <summary>The worst images, worst first.</summary>
    public required IReadOnlyList<RankedImage> Worst { get; init; }

    /// <summary>What a reader must know to compare the figures.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>The whole evaluation.</summary>
    public required double Seconds { get; init; }
}
