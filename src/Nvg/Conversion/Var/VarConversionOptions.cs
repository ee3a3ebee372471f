using Nvg.Torch;
using Nvg.Var;

namespace Nvg.Conversion.Var;

/// <summary>Options of a conversion from VAR checkpoints to a model folder.</summary>
public sealed record VarConversionOptions
{
    /// <summary>Element type to store matrices in, or null to keep it. Vectors, tables by position and the codebook are float32.</summary>
    public ScalarType? Type { get; init; }

    /// <summary>Whether to ignore tensors that the model does not have, instead of refusing the file.</summary>
    public bool AllowUnexpected { get; init; }

    /// <summary>A text file with one class name per line, or null.</summary>
    public string? LabelsFile { get; init; }

    /// <summary>A preset whose sizes the checkpoints must have, or null.</summary>
    public VarModelConfig? Preset { get; init; }

    /// <summary>Name of the model; null for the matching preset's name or the file name.</summary>
    public string? Name { get; init; }

    /// <summary>Side of each token map, for files that do not show them; null to infer them.</summary>
    public IReadOnlyList<int>? Scales { get; init; }
}
