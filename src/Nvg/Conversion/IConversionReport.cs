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

    /// <summary>Parameter counts by group.</summary>
    IReadOnlyDictionary<string, long> Parameters { get; }
}
