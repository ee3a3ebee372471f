namespace Nvg;

/// <summary>Progress of a request.</summary>
/// <param name="Done">Number of finished images.</param>
/// <param name="Count">Number of requested images.</param>
/// <param name="Share">Completed share of the work, from 0 to 1, including the finished stages of the current batch.</param>
public sealed record GenerationProgress(int Done, int Count, double Share);
