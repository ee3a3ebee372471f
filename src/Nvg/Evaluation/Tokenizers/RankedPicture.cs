using System.Text.Json.Serialization;
using Nvg.Rendering;

namespace Nvg.Evaluation.Tokenizers;

/// <summary>A picture among the best or the worst.</summary>
/// <param name="Name">What it is called in its source.</param>
/// <param name="Quality">After the round trip.</param>
/// <param name="Original">Before.</param>
/// <param name="Picture">After.</param>
public sealed record RankedPicture(string Name, PictureQuality Quality, [property: JsonIgnore] RgbImage Original, [property: JsonIgnore] RgbImage Picture);
