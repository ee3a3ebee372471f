using Nvg.Imaging;

namespace Nvg.Evaluation.Classes;

/// <summary>An image and the class it should show.</summary>
/// <param name="Name">Name for messages.</param>
/// <param name="Image">The image.</param>
/// <param name="Label">Index of its class, or null where the source does not say.</param>
public sealed record LabelledImage(string Name, RgbImage Image, int? Label);
