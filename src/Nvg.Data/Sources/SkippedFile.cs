namespace Nvg.Data.Sources;

/// <summary>A file of the source that is not in the data set.</summary>
/// <param name="Name">Its path inside the source.</param>
/// <param name="Reason">Why it was left out.</param>
public sealed record SkippedFile(string Name, string Reason);
