using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.TokenizerQuality;
using Nvg.Imaging;

namespace Nvg.Evaluation.Comparison;

/// <summary>Measurements of one model, or of samples whose model is not available.</summary>
public sealed record ComparedEntry
{
    /// <summary>Name for the report.</summary>
    public required string Name { get; init; }

    /// <summary>Folder or file.</summary>
    public required string Path { get; init; }

    /// <summary>Number of images that were drawn or read.</summary>
    public required long Images { get; init; }

    /// <summary>Cost of the model; null for samples.</summary>
    public ComparedCost? Cost { get; init; }

    /// <summary>Quality of the model's reconstructions; null for samples.</summary>
    public TokenizerReport? Reconstruction { get; init; }

    /// <summary>Metrics of the images; null without a feature network.</summary>
    public SampleReport? Samples { get; init; }

    /// <summary>Images for the grid: one row per class for a model, evenly chosen images for samples.</summary>
    public required IReadOnlyList<RgbImage> Shown { get; init; }

    /// <summary>Images in a row of the grid; 0 for a grid about as wide as it is high.</summary>
    public required int Columns { get; init; }
}
