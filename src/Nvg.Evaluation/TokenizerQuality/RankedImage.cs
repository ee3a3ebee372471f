using System.Text.Json.Serialization;
using Nvg.Imaging;

namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>One of the best or worst reconstructions.</summary>
/// <param name="Name">Name of the image in its source.</param>
/// <param name="Quality">Quality of the reconstruction.</param>
/// <param name="Original">The original image.</param>
/// <param name="Image">The reconstruction.</param>
public sealed record RankedImage(
    string Name, ReconstructionQuality Quality, [property: JsonIgnore] RgbImage Original, [property: JsonIgnore] RgbImage Image);
