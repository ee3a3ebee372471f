using System.Text.Json.Serialization;
using Nvg.Imaging;

namespace Nvg.Evaluation.TokenizerQuality;

/// <summary>An image among the best or the worst.</summary>
/// <param name="Name">What it is called in its source.</param>
/// <param name="Quality">After the round trip.</param>
/// <param name="Original">Before.</param>
/// <param name="Image">After.</param>
public sealed record RankedImage(string Name, ReconstructionQuality Quality, [property: JsonIgnore] RgbImage Original, [property: JsonIgnore] RgbImage Image);
