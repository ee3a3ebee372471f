using Nvg.Imaging;

namespace Nvg.Previews;

/// <summary>One stage of an image made visible.</summary>
/// <param name="Canvas">The image that the stages up to this one give, with its surroundings put back where it has some.</param>
/// <param name="Structure">The stage's structure map, every cluster in the mean colour that the final image has there.</param>
public sealed record StageImage(RgbImage Canvas, RgbImage Structure);
