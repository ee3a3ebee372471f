using Nvg.Imaging;

namespace Nvg.Previews;

/// <summary>Images of one stage.</summary>
/// <param name="Canvas">The image decoded from the canvas after the stage.</param>
/// <param name="Structure">The structure map of the stage; each cluster is painted in the mean colour of the final image within it.</param>
public sealed record StageImage(RgbImage Canvas, RgbImage Structure);
