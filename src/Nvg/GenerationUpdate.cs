namespace Nvg;

/// <summary>Something that happened while a request was worked on: a <see cref="StageCompleted"/> or a <see cref="ImageCompleted"/>.</summary>
/// <param name="Share">Share of the whole request that is done.</param>
public abstract record GenerationUpdate(double Share);
