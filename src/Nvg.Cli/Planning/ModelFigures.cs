using Nvg.Evaluation.Neighbours;
using Nvg.Evaluation.TokenizerQuality;

namespace Nvg.Cli.Planning;

/// <summary>Measurements of a model; null for anything that was not measured.</summary>
internal sealed record ModelFigures
{
    /// <summary>Quality of reconstructions.</summary>
    public required ReconstructionQuality Reconstruction { get; init; }

    /// <summary>Number of images that were reconstructed.</summary>
    public required int Reconstructed { get; init; }

    /// <summary>Whether these images were held out of training.</summary>
    public required bool IsHeldOut { get; init; }

    /// <summary>Share of the codes in use.</summary>
    public required double CodebookUsage { get; init; }

    /// <summary>Number of generated images that were measured.</summary>
    public required int Samples { get; init; }

    /// <summary>Seconds per generated image, computed in batches.</summary>
    public required double SecondsPerImage { get; init; }

    /// <summary>Share of generated images whose class the run's classifier recognises.</summary>
    public double? ClassAccuracy { get; init; }

    /// <summary>The same share for held-out real images.</summary>
    public double? RealClassAccuracy { get; init; }

    /// <summary>Names and values of distances to the training images.</summary>
    public IReadOnlyList<(string Name, double Value)> Distances { get; init; } = [];

    /// <summary>Name of the feature network of the distances.</summary>
    public string? Network { get; init; }

    /// <summary>How guidance and top-p were chosen.</summary>
    public SamplingChoice? Sampling { get; init; }

    /// <summary>Closeness of generated images to training images.</summary>
    public MemorisationCheck? Copies { get; init; }
}
