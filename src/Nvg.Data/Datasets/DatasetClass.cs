namespace Nvg.Data.Datasets;

/// <summary>A class of a data set. Its label is its index in the list of classes.</summary>
/// <param name="Name">Name of the class.</param>
/// <param name="Count">Number of images.</param>
public sealed record DatasetClass(string Name, int Count);
