using Nvg.Data.Loading;
using Nvg.Evaluation.Distributions;
using Nvg.Evaluation.Features;

namespace Nvg.Evaluation.Comparison;

/// <summary>Settings of a comparison of models.</summary>
public sealed record ComparisonOptions
{
    /// <summary>Path of the data set that images and reconstructions are measured against.</summary>
    public required string Data { get; init; }

    /// <summary>Images drawn per class.</summary>
    public required int PerClass { get; init; }

    /// <summary>Images of each class that are shown.</summary>
    public int Shown { get; init; } = 4;

    /// <summary>Classes that are shown, chosen evenly.</summary>
    public int ShownClasses { get; init; } = 10;

    /// <summary>Seed of the first image of every class.</summary>
    public ulong Seed { get; init; }

    /// <summary>Images of the data that are reconstructed, chosen evenly.</summary>
    public int Reconstructed { get; init; } = 500;

    /// <summary>Feature network of the metrics, or null for none; borrowed.</summary>
    public IFeatureNetwork? Network { get; init; }

    /// <summary>The reference of the metrics; required with a network.</summary>
    public SampleReference? Reference { get; init; }

    /// <summary>Images computed together, or null for the default of the device.</summary>
    public int? Batch { get; init; }

    /// <summary>Images of the data, resized for a model, to be reconstructed.</summary>
    /// <param name="side">Side of the model's images.</param>
    internal IEnumerable<SquareEntry> Entries(int side) => SquareSource.Entries([Data], side);
}
