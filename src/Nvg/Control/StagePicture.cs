using Nvg.Rendering;

namespace Nvg.Control;

/// <summary>One stage of a picture made visible.</summary>
/// <param name="Canvas">The picture that the stages up to this one give, with its surroundings put back where it has some.</param>
/// <param name="Structure">The stage's structure map, every cluster in the mean colour that the final picture has there.</param>
public sealed record StagePicture(RgbImage Canvas, RgbImage Structure);
