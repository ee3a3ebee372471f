namespace Nvg.Generators;

/// <summary>How many numbers each generator has learned; both lie in one store.</summary>
public static class GeneratorParameters
{
    // As in the published checkpoints.
    private const string StructurePrefix = "structure_";

    /// <summary>Of the structure generator.</summary>
    public static long OfStructure(NvgGenerator generator) =>
        generator.Parameters.TrainableNames.Where(name => name.StartsWith(StructurePrefix, StringComparison.Ordinal)).Sum(name => generator.Parameters[name].ElementCount);

    /// <summary>Of the content generator.</summary>
    public static long OfContent(NvgGenerator generator) => generator.Parameters.ParameterCount - OfStructure(generator);
}
