using Nvg.Generators;
using Nvg.Tokenizers;

namespace Nvg.Conversion;

/// <summary>Result of a conversion.</summary>
/// <param name="Output">The folder or file that was written.</param>
/// <param name="Name">Name of the model.</param>
/// <param name="Tokenizer">Sizes of the tokenizer.</param>
/// <param name="Generator">Sizes of the generators, or null.</param>
/// <param name="Sources">Source of each part.</param>
/// <param name="Parameters">Parameter counts by group: encoder, decoder, quantizer, content and structure generator.</param>
public sealed record ConversionReport(
    string Output, string Name, TokenizerConfig Tokenizer, GeneratorConfig? Generator, IReadOnlyList<ConversionSource> Sources,
    IReadOnlyDictionary<string, long> Parameters) : IConversionReport
{
    /// <summary>Notes on how the source was interpreted, one per line, such as prefixes that were removed from names.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
