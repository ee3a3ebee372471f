using Nvg.Checkpoints;
using Nvg.Torch;

namespace Nvg.Conversion;

/// <summary>Options of a conversion from checkpoints to a model folder.</summary>
public sealed record ConversionOptions
{
    /// <summary>The copy of the weights to use.</summary>
    public WeightChoice Weights { get; init; }

    /// <summary>Element type for storing matrices, or null to keep it. Vectors and the codebook are always float32.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>Whether to ignore tensors that the model does not have, instead of rejecting the file.</summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>Path of a text file with one class name per line, or null.</summary>
    public string? LabelsFile { get; init; }

    /// <summary>A preset whose sizes the checkpoints must have, or null.</summary>
    public ModelConfig? Preset { get; init; }

    /// <summary>Name of the model; null for the matching preset's name or the file name.</summary>
    public string? Name { get; init; }
}
