using Nvg.Checkpoints;

namespace Nvg.Conversion;

/// <summary>Source of one part of a converted model.</summary>
/// <param name="Part">The part.</param>
/// <param name="File">The file that holds it.</param>
/// <param name="Averaged">Whether the averaged weights (EMA) were used.</param>
public sealed record ConversionSource(CheckpointPartKind Part, string File, bool Averaged);
