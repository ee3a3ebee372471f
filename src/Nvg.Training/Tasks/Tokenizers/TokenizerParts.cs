namespace Nvg.Training.Tasks.Tokenizers;

/// <summary>The parts of a tokenizer that a run trains.</summary>
public enum TokenizerParts
{
    /// <summary>Encoder, quantizer and decoder.</summary>
    All,

    /// <summary>
    /// The decoder only. Encoder and quantizer keep their initial weights, so generators that were trained on their tokens stay valid.
    /// </summary>
    Decoder,
}
