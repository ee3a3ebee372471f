namespace Nvg.Data.Datasets;

/// <summary>One class of a data set; its label is its place in the list.</summary>
/// <param name="Name">The name of its folder in the source.</param>
/// <param name="Count">Images of this class.</param>
public sealed record DatasetClass(string Name, int Count);
