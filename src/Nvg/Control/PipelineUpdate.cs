namespace Nvg.Control;

/// <summary>Something that happened while a request was worked on: a <see cref="StageUpdate"/> or a <see cref="PictureUpdate"/>.</summary>
/// <param name="Share">Share of the whole request that is done.</param>
public abstract record PipelineUpdate(double Share);
