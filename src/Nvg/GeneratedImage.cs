using Nvg.Conditioning;
using Nvg.Imaging;
using Nvg.Previews;
using Nvg.Sampling;

namespace Nvg;

/// <summary>A generated image.</summary>
/// <param name="Request">What it was asked as.</param>
/// <param name="Image">The image, with its surroundings put back where it has some.</param>
/// <param name="Sequence">Its structure maps and tokens, complete.</param>
/// <param name="Options">The settings it was drawn with.</param>
/// <param name="Batch">Images that it was computed together with, itself included.</param>
/// <param name="Stages">Its growth, stage by stage; empty unless asked for.</param>
public sealed record GeneratedImage(
    ImageRequest Request, RgbImage Image, PartialSequence Sequence, SamplingOptions Options, int Batch, IReadOnlyList<StageImage> Stages);
