namespace Nvg.Control;

/// <summary>A picture is done.</summary>
/// <param name="Share">Share of the whole request that is done.</param>
/// <param name="Index">Its place in the request.</param>
/// <param name="Picture">The picture and its sequence.</param>
public sealed record PictureUpdate(double Share, int Index, GeneratedPicture Picture) : PipelineUpdate(Share);
