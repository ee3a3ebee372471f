namespace Nvg.Checkpoints;

/// <summary>Where the published checkpoints keep what (docs/method.md, section 9).</summary>
internal static class PublishedNames
{
    /// <summary>Before the names of both generators.</summary>
    internal const string GeneratorPrefix = "nvgformer.";

    /// <summary>The fixed table of positions, which follows from the sizes.</summary>
    internal const string PositionIds = "rope_ids";

    /// <summary>Tensors of the generators that are not learned, so that an averaged copy may lack them.</summary>
    internal static readonly IReadOnlyList<string> NotLearned = [PositionIds, "scale_factors"];

    internal const string Codebook = "quantize.embedding.weight";

    private const string AveragePrefix = "ema_model.";

    // What training needs beside the model: a copy of the tokenizer, features to compare with, losses and their networks.
    private static readonly string[] TrainingOnly = ["first_stage_model.", "repa_encoder.", "loss.", "total_visited_codes", GeneratorPrefix + "projector.", "projector."];

    private static readonly string[] TokenizerPrefixes = ["encoder.", "decoder.", "quantize."];

    // Of files that hold the generators alone, without the prefix of the whole.
    private static readonly string[] GeneratorStarts = ["content_", "structure_", "x0_head.", "cls_head.", "scale_factors", PositionIds];

    /// <summary>What a tensor of a checkpoint is.</summary>
    /// <param name="name">Its full name.</param>
    /// <param name="isKnown">Whether the name is one of the published layout's, used here or not.</param>
    /// <returns>Part, copy and name inside the part, or null where it belongs to no part.</returns>
    internal static (CheckpointPartKind Kind, bool IsAverage, string Name)? Place(string name, out bool isKnown)
    {
        bool isAverage = name.StartsWith(AveragePrefix, StringComparison.Ordinal);
        string rest = isAverage ? name[AveragePrefix.Length..] : name;
        isKnown = true;
        if (StartsWithAny(rest, TrainingOnly))
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

    private static bool StartsWithAny(string name, string[] starts) => starts.Any(s => name.StartsWith(s, StringComparison.Ordinal));
}
