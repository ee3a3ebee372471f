using Nvg.Imaging;

namespace Nvg.Previews;

/// <summary>Images of one stage.</summary>
/// <param name="Canvas">The image that is decoded from the canvas after the stage.</param>
/// <param name="Structure">The structure map of the stage, each cluster in the mean colour of the final image there.</param>
public sealed record StageImage(RgbImage Canvas, RgbImage Structure);
