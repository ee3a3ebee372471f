using Nvg.Imaging;

namespace Nvg.Evaluation.Classes;

/// <summary>An image and the class it should show.</summary>
/// <param name="Name">What to call it.</param>
/// <param name="Image">The image.</param>
/// <param name="Label">Number of its class, or null where the source does not say.</param>
public sealed record LabelledImage(string Name, RgbImage Image, int? Label);
