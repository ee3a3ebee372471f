namespace Nvg.Data.Sources;

/// <summary>A file of the source that is not in the data set.</summary>
/// <param name="Name">Path within the source.</param>
/// <param name="Reason">Reason why the file was skipped.</param>
public sealed record SkippedFile(string Name, string Reason);
