namespace Nvg.Checkpoints;

/// <summary>Parts of a model that a checkpoint file may hold.</summary>
public enum CheckpointPartKind
{
    /// <summary>Encoder, decoder and quantizer.</summary>
    Tokenizer,

    /// <summary>Content and structure generator.</summary>
    Generator,
}
