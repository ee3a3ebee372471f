namespace Nvg.Checkpoints;

/// <summary>Layout of the published checkpoints: which names belong to which part (docs/method.md, section 9).</summary>
internal static class PublishedNames
{
    /// <summary>Prefix of the names of both generators.</summary>
    internal const string GeneratorPrefix = "nvgformer.";

    /// <summary>The fixed table of rotary positions, which follows from the sizes.</summary>
    internal const string PositionIds = "rope_ids";

    /// <summary>Tensors of the generators that are not trained, so an averaged copy may lack them.</summary>
    internal static readonly IReadOnlyList<string> NotLearned = [PositionIds, "scale_factors"];

    internal const string Codebook = "quantize.embedding.weight";

    /// <summary>Prefix of averaged copies.</summary>
    internal const string AveragePrefix = "ema_model.";

    // Needed only for training: a copy of the tokenizer, the REPA encoder and projector, losses and their networks.
    private static readonly string[] TrainingOnly =
        ["first_stage_model.", "repa_encoder.", "loss.", "total_visited_codes", GeneratorPrefix + "projector.", "projector."];

    // Counters that weight averages store next to the weights.
    private static readonly string[] Counters = ["n_averaged", "num_updates", "decay", "initted", "step"];

    private static readonly string[] TokenizerPrefixes = ["encoder.", "decoder.", "quantize."];

    // In files that hold only the generators, without their prefix.
    private static readonly string[] GeneratorStarts = ["content_", "structure_", "x0_head.", "cls_head.", "scale_factors", PositionIds];

    /// <summary>Assigns a tensor of a checkpoint to a part.</summary>
    /// <param name="name">Full name of the tensor.</param>
    /// <param name="isKnown">Whether the name exists in the published layout, whether or not it is used here.</param>
    /// <returns>Part, copy and name within the part, or null if the tensor does not belong to any part.</returns>
    internal static (CheckpointPartKind Kind, bool IsAverage, string Name)? Place(string name, out bool isKnown)
    {
        bool isAverage = name.StartsWith(AveragePrefix, StringComparison.Ordinal);
        string rest = isAverage ? name[AveragePrefix.Length..] : name;
        isKnown = true;
        if (StartsWithAny(rest, TrainingOnly) || Counters.Contains(rest))
            return null;
        if (StartsWithAny(rest, TokenizerPrefixes))
            return (CheckpointPartKind.Tokenizer, isAverage, rest);
        if (rest.StartsWith(GeneratorPrefix, StringComparison.Ordinal))
            return (CheckpointPartKind.Generator, isAverage, rest[GeneratorPrefix.Length..]);
        if (StartsWithAny(rest, GeneratorStarts))
            return (CheckpointPartKind.Generator, isAverage, rest);
        isKnown = false;
        return null;
    }

    private static bool StartsWithAny(string name, string[] starts) =>
        Array.Exists(starts, s => name.StartsWith(s, StringComparison.Ordinal));
}
