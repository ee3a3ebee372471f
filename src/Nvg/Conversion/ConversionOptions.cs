using Nvg.Checkpoints;
using Nvg.Torch;

namespace Nvg.Conversion;

/// <summary>How checkpoints become a model folder.</summary>
public sealed record ConversionOptions
{
    /// <summary>Which copy of the weights.</summary>
    public WeightChoice Weights { get; init; }

    /// <summary>Element type to store matrices in; null keeps theirs. Vectors and codebook are float32 in any case.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>Leave out tensors that the model has no place for, instead of refusing the file.</summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>A text file with a class name per line, or null.</summary>
    public string? LabelsFile { get; init; }

    /// <summary>A published model whose sizes the checkpoints must have, or null.</summary>
    public ModelConfig? Preset { get; init; }

    /// <summary>Name of the model; null for the published one's or the file's.</summary>
    public string? Name { get; init; }
}
