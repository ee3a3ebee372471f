using Nvg.Checkpoints;

namespace Nvg.Conversion.Var;

/// <summary>Layout of the published VAR checkpoints: which names belong to which part.</summary>
internal static class VarPublishedNames
{
    /// <summary>A table with the scale of every token, from which the list of scales follows.</summary>
    internal const string ScaleOfToken = "lvl_1L";

    /// <summary>A name that every transformer file contains and no NVG file does.</summary>
    private const string TransformerMark = "blocks.0.attn.mat_qkv.weight";

    /// <summary>A name that every tokenizer file contains and no NVG file does.</summary>
    private const string TokenizerMark = "post_quant_conv.weight";

    // Training checkpoints nest both parts.
    private static readonly string[] Nests = ["trainer.var_wo_ddp.", "trainer.vae_local."];

    private static readonly string[] TokenizerStarts = ["encoder.", "decoder.", "quantize.", "quant_conv.", "post_quant_conv."];

    private static readonly string[] TransformerStarts =
        ["pos_start", "pos_1LC", "word_embed.", "class_emb.", "lvl_embed.", "head_nm.", "head.", "blocks.", "shared_ada_lin."];

    // Tables that follow from the sizes, and a training statistic.
    private static readonly string[] Tables = [ScaleOfToken, "attn_bias_for_masking", "quantize.ema_vocab_hit_SV"];

    /// <summary>Whether the names are those of a VAR checkpoint.</summary>
    internal static bool Recognises(IEnumerable<string> names) => names.Select(Rest).Any(n => n is TransformerMark or TokenizerMark);

    /// <summary>Assigns a tensor of a checkpoint to a part.</summary>
    /// <param name="name">Full name of the tensor.</param>
    /// <param name="isKnown">Whether the name exists in the published layout, whether or not it is used here.</param>
    /// <returns>Part and name within the part, or null if the tensor does not belong to any part.</returns>
    internal static (CheckpointPartKind Kind, string Name)? Place(string name, out bool isKnown)
    {
        string rest = Rest(name);
        isKnown = true;
        // The remaining content of a training checkpoint: optimizer state and settings.
        if (rest == name && name.StartsWith("trainer.", StringComparison.Ordinal))
            return null;
        if (IsTable(rest))
            return null;
        if (StartsWithAny(rest, TokenizerStarts))
            return (CheckpointPartKind.Tokenizer, rest);
        if (StartsWithAny(rest, TransformerStarts))
            return (CheckpointPartKind.Generator, rest);
        isKnown = false;
        return null;
    }

    /// <summary>The name without the nesting of a training checkpoint.</summary>
    internal static string Rest(string name)
    {
        string? nest = Array.Find(Nests, n => name.StartsWith(n, StringComparison.Ordinal));
        return nest is null ? name : name[nest.Length..];
    }

    private static bool IsTable(string rest) => Tables.Contains(rest) || rest.EndsWith(".attn.zero_k_bias", StringComparison.Ordinal);

    private static bool StartsWithAny(string name, string[] starts) =>
        Array.Exists(starts, s => name.StartsWith(s, StringComparison.Ordinal));
}
