namespace Nvg.Checkpoints;

/// <summary>What a checkpoint file may hold of a model.</summary>
public enum CheckpointPartKind
{
    /// <summary>Encoder, decoder and quantizer.</summary>
    Tokenizer,

    /// <summary>Content and structure generator.</summary>
    Generator,
}
