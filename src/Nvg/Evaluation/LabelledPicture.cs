using Nvg.Rendering;

namespace Nvg.Evaluation;

/// <summary>A picture and the class it should show.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Picture">The picture.</param>
/// <param name="Label">Number of its class, or null where the source does not say.</param>
public sealed record LabelledPicture(string Name, RgbImage Picture, int? Label);
