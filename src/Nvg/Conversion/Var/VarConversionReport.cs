using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Conversion.Var;

/// <summary>Result of a conversion of a VAR model.</summary>
/// <param name="Output">The folder or file that was written.</param>
/// <param name="Name">Name of the model.</param>
/// <param name="Tokenizer">Sizes of the tokenizer.</param>
/// <param name="Transformer">Sizes of the transformer, or null.</param>
/// <param name="Sources">Source of each part.</param>
/// <param name="Parameters">Parameter counts by group: encoder, decoder, quantizer with its two convolutions, transformer.</param>
public sealed record VarConversionReport(
    string Output, string Name, VarTokenizerConfig Tokenizer, VarTransformerConfig? Transformer, IReadOnlyList<ConversionSource> Sources,
    IReadOnlyDictionary<string, long> Parameters) : IConversionReport
{
    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; init; } = [];
}
