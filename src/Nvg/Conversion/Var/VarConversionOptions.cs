using Nvg.Torch;
using Nvg.Var;

namespace Nvg.Conversion.Var;

/// <summary>Options of a conversion from VAR checkpoints to a model folder.</summary>
public sealed record VarConversionOptions
{
    /// <summary>Element type for storing matrices, or null to keep it. Vectors, positional tables and the codebook are float32.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>Whether to ignore tensors that the model does not have, instead of rejecting the file.</summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>Path of a text file with one class name per line, or null.</summary>
    public string? LabelsFile { get; init; }

    /// <summary>A preset whose sizes the checkpoints must have, or null.</summary>
    public VarModelConfig? Preset { get; init; }

    /// <summary>Name of the model; null for the matching preset's name or the file name.</summary>
    public string? Name { get; init; }

    /// <summary>Side of each token map, for files that do not contain this information; null to infer it.</summary>
    public IReadOnlyList<int>? Scales { get; init; }
}
