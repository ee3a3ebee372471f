namespace Nvg;

/// <summary>An image is finished.</summary>
/// <param name="Progress">Progress of the request.</param>
/// <param name="Index">Index of the image in the request.</param>
/// <param name="Image">The image and its sequence.</param>
public sealed record ImageCompleted(GenerationProgress Progress, int Index, GeneratedImage Image) : GenerationUpdate(Progress);
