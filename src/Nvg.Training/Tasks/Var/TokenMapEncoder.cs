using Nvg.Torch;
using Nvg.Var.Tokenizers;

namespace Nvg.Training.Tasks.Var;

/// <summary>Encodes images as token maps.</summary>
/// <param name="tokenizer">The frozen tokenizer; borrowed.</param>
internal sealed class TokenMapEncoder(VarTokenizer tokenizer) : IRowEncoder
{
    internal const string TokensName = "tokens";

    public IReadOnlyDictionary<string, int> Columns => new Dictionary<string, int> { [TokensName] = tokenizer.Quantizer.Scales.Length };

    public int Bound => tokenizer.Config.CodebookSize;

    public IReadOnlyDictionary<string, Tensor> Encode(Tensor images)
    {
        using TokenMaps tokens = tokenizer.Encode(images);
        return new Dictionary<string, Tensor> { [TokensName] = tokens.Flatten() };
    }
}
