namespace Nvg;

/// <summary>An image is done.</summary>
/// <param name="Share">Share of the whole request that is done.</param>
/// <param name="Index">Its place in the request.</param>
/// <param name="Image">The image and its sequence.</param>
public sealed record ImageCompleted(double Share, int Index, GeneratedImage Image) : GenerationUpdate(Share);
