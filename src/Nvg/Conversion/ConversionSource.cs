using Nvg.Checkpoints;

namespace Nvg.Conversion;

/// <summary>Where a part of a model came from.</summary>
/// <param name="Part">Which part.</param>
/// <param name="File">The file.</param>
/// <param name="Averaged">Whether its averaged weights (EMA) were taken.</param>
public sealed record ConversionSource(CheckpointPartKind Part, string File, bool Averaged);
