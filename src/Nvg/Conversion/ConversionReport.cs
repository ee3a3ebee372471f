using Nvg.Generators;
using Nvg.Tokenizers;

namespace Nvg.Conversion;

/// <summary>What a conversion found and wrote.</summary>
/// <param name="Output">The folder or file that was written.</param>
/// <param name="Name">Name of the model.</param>
/// <param name="Tokenizer">Sizes of the tokenizer.</param>
/// <param name="Generator">Sizes of the generators, or null.</param>
/// <param name="Sources">Where each part came from.</param>
/// <param name="Parameters">Learned numbers by group: encoder, decoder, quantizer, content and structure generator.</param>
public sealed record ConversionReport(
    string Output, string Name, TokenizerConfig Tokenizer, GeneratorConfig? Generator, IReadOnlyList<ConversionSource> Sources,
    IReadOnlyDictionary<string, long> Parameters);
