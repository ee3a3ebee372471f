using Nvg.Evaluation.Metrics;

namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>Metrics of a tokenizer over a set of images.</summary>
public sealed record TokenizerReport
{
    /// <summary>Number of images.</summary>
    public required int Count { get; init; }

    /// <summary>Number of images that were resized and cropped to the tokenizer's size; images of a packed data set do not count.</summary>
    public required int Resized { get; init; }

    /// <summary>Number of grey images, converted to three equal channels; images of a packed data set do not count.</summary>
    public required int Grey { get; init; }

    /// <summary>Mean quality of the reconstructions.</summary>
    public required ReconstructionQuality Quality { get; init; }

    /// <summary>Name of the LPIPS network, or null.</summary>
    public required string? PerceptualName { get; init; }

    /// <summary>Distances between the features of reconstructions and originals; empty without a feature network.</summary>
    public required IReadOnlyList<MetricValue> Distances { get; init; }

    /// <summary>The feature network and its resize, or null.</summary>
    public required string? Network { get; init; }

    /// <summary>Codebook size (V).</summary>
    public required int CodebookSize { get; init; }

    /// <summary>Share of the codes that any stage uses.</summary>
    public required double CodebookUsage { get; init; }

    /// <summary>Perplexity of the codes of all stages (exp of their entropy).</summary>
    public required double Perplexity { get; init; }

    /// <summary>Quality and codebook usage per stage.</summary>
    public required IReadOnlyList<StageQuality> Stages { get; init; }

    /// <summary>The best reconstructions, best first, by LPIPS if there is one, otherwise by PSNR.</summary>
    public required IReadOnlyList<RankedImage> Best { get; init; }

    /// <summary>The worst reconstructions, worst first.</summary>
    public required IReadOnlyList<RankedImage> Worst { get; init; }

    /// <summary>What a reader must know to compare the metrics.</summary>
    public required IReadOnlyList<string> Notes { get; init; }

    /// <summary>Duration of the evaluation in seconds.</summary>
    public required double Seconds { get; init; }
}
