using Nvg.Granularity;
using Nvg.Rendering;
using Nvg.Sampling;

namespace Nvg.Control;

/// <summary>A generated picture.</summary>
/// <param name="Request">What it was asked as.</param>
/// <param name="Picture">The picture, with its surroundings put back where it has some.</param>
/// <param name="Sequence">Its structure maps and tokens, complete.</param>
/// <param name="Options">The settings it was drawn with.</param>
/// <param name="Batch">Pictures that it was computed together with, itself included.</param>
/// <param name="Stages">Its growth, stage by stage; empty unless asked for.</param>
public sealed record GeneratedPicture(
    RequestedPicture Request, RgbImage Picture, PartialSequence Sequence, SamplingOptions Options, int Batch, IReadOnlyList<StagePicture> Stages);
