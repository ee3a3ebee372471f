namespace Nvg;

/// <summary>How far a request has come.</summary>
/// <param name="Done">Images that are finished.</param>
/// <param name="Count">Images that were requested.</param>
/// <param name="Share">Share of the whole work from 0 to 1; the finished stages of the current batch count.</param>
public sealed record GenerationProgress(int Done, int Count, double Share);
