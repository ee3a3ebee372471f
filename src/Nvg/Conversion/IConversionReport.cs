namespace Nvg.Conversion;

/// <summary>Result of a conversion of any method.</summary>
public interface IConversionReport
{
    /// <summary>The folder or file that was written.</summary>
    string Output { get; }

    /// <summary>Name of the model.</summary>
    string Name { get; }

    /// <summary>Source of each part.</summary>
    IReadOnlyList<ConversionSource> Sources { get; }

    /// <summary>What was done to make sense of the source, a line each: such as prefixes that were taken off the names.</summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>Parameter counts by group.</summary>
    IReadOnlyDictionary<string, long> Parameters { get; }
}
