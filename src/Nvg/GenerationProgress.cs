namespace Nvg;

/// <summary>Where a request stands.</summary>
/// <param name="Done">Images that are done.</param>
/// <param name="Count">Images that were asked for.</param>
/// <param name="Share">Share of the whole work, the stages of the running batch included.</param>
public sealed record GenerationProgress(int Done, int Count, double Share);
