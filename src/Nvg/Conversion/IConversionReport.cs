namespace Nvg.Conversion;

/// <summary>Result of a conversion, for any method.</summary>
public interface IConversionReport
{
    /// <summary>The folder or file that was written.</summary>
    string Output { get; }

    /// <summary>Name of the model.</summary>
    string Name { get; }

    /// <summary>Source of each part.</summary>
    IReadOnlyList<ConversionSource> Sources { get; }

    /// <summary>Notes on how the source was interpreted, one per line, such as prefixes that were removed from names.</summary>
    IReadOnlyList<string> Notes { get; }

    /// <summary>Parameter counts by group.</summary>
    IReadOnlyDictionary<string, long> Parameters { get; }
}
