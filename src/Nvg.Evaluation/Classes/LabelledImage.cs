using Nvg.Imaging;

namespace Nvg.Evaluation.Classes;

/// <summary>An image and the class it should show.</summary>
/// <param name="Name">Name for messages.</param>
/// <param name="Image">The image.</param>
/// <param name="Label">Index of its class, or null if the source does not specify it.</param>
public sealed record LabelledImage(string Name, RgbImage Image, int? Label);
