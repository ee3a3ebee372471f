namespace Nvg.Generators;

/// <summary>Counts the trainable parameters of each generator; both share one store.</summary>
public static class GeneratorParameters
{
    // As in the published checkpoints.
    private const string StructurePrefix = "structure_";

    /// <summary>Number of parameters of the structure generator.</summary>
    public static long OfStructure(NvgGenerator generator) =>
        generator.Parameters.TrainableNames
            .Where(name => name.StartsWith(StructurePrefix, StringComparison.Ordinal))
            .Sum(name => generator.Parameters[name].ElementCount);

    /// <summary>Number of parameters of the content generator.</summary>
    public static long OfContent(NvgGenerator generator) => generator.Parameters.ParameterCount - OfStructure(generator);
}
