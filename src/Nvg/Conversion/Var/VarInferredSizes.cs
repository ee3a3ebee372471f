using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Conversion.Var;

/// <summary>Infers the sizes of a VAR model from the shapes of its tensors.</summary>
internal static class VarInferredSizes
{
    private const int MostLevels = 16;
    private const string LearnedScale = "blocks.0.attn.scale_mul_1H11";

    /// <summary>
    /// The scales of a model: the given list, the list from the table of scales, or the published list with the same number of scales and
    /// tokens.
    /// </summary>
    /// <param name="files">The files.</param>
    /// <param name="given">A list given by the user, or null.</param>
    /// <exception cref="NvgDataException">The scales cannot be determined.</exception>
    internal static IReadOnlyList<int> Scales(VarCheckpointFiles files, IReadOnlyList<int>? given)
    {
        if (given is not null)
            return given;
        if (files.ScaleOfToken() is { } table)
            return FromTable(table, files.Find(CheckpointPartKind.Generator)!.Path);
        // The scales cannot be inferred from a tokenizer alone; the published one was trained with these.
        if (files.Find(CheckpointPartKind.Generator) is not { } part)
            return ScaleSequence.Published256.Sides;
        (long length, long count) = (part.Shape("pos_1LC", 3)[1], part.Shape("lvl_embed.weight", 2)[0]);
        ScaleSequence[] published = [ScaleSequence.Published256, ScaleSequence.Published512, ScaleSequence.Published1024];
        return Array.Find(published, s => s.Length == length && s.Count == count)?.Sides ?? throw NvgDataException.At(
            part.Path, $"no published list has {count} scales of {length} tokens together", "name the sides with --scales");
    }

    /// <summary>
    /// Infers the sizes of a tokenizer. Settings that cannot be inferred from shapes (groups of norms, shares of refiners, weights of
    /// losses) are those of the published models.
    /// </summary>
    /// <exception cref="NvgDataException">A tensor that determines a size is missing, or the sizes are inconsistent.</exception>
    internal static VarTokenizerConfig Tokenizer(CheckpointPart part, IReadOnlyList<int> scales)
    {
        int baseChannels = (int)part.Shape("encoder.conv_in.weight", 4)[0], levels = part.CountOf("encoder.down.");
        int[] widths = [.. Enumerable.Range(0, levels).Select(LevelWidth)];
        if (levels is 0 or > MostLevels || baseChannels < 1 || widths.Any(w => w % baseChannels != 0))
        {
            throw NvgDataException.At(part.Path, $"the encoder has {levels} levels of {string.Join(", ", widths)} channels; at least one "
                + $"level and multiples of {baseChannels} are needed");
        }

        ReadOnlySpan<long> codebook = part.Shape(PublishedNames.Codebook, 2);
        var sizes = new VarTokenizerConfig
        {
            BaseChannels = baseChannels,
            ChannelMultipliers = Array.ConvertAll(widths, w => w / baseChannels),
            ResNetBlocks = part.CountOf("encoder.down.0.block."),
            LatentChannels = (int)codebook[1],
            CodebookSize = (int)codebook[0],
            Scales = scales,
            Refiners = Math.Max(1, part.CountOf("quantize.quant_resi.qresi_ls.")),
        };
        sizes.Validate().ThrowIfAny(part.Path);
        return sizes;

        int LevelWidth(int level) => (int)part.Shape($"encoder.down.{level}.block.0.conv1.weight", 4)[0];
    }

    /// <summary>Infers the sizes of the transformer.</summary>
    /// <exception cref="NvgDataException">A tensor that determines a size is missing, or the sizes are inconsistent.</exception>
    internal static VarTransformerConfig Transformer(CheckpointPart part, IReadOnlyList<int> scales)
    {
        if (part.Find(LearnedScale) is null && part.Find("blocks.0.attn.q_bias") is not null)
        {
            throw NvgDataException.At(
                part.Path, "its attention has no learned scales (scale_mul_1H11), as only the first uploads of the models had none",
                "use the current files");
        }

        ReadOnlySpan<long> embed = part.Shape("word_embed.weight", 2);
        int width = (int)embed[0], depth = part.CountOf("blocks."), heads = (int)part.Shape(LearnedScale, 4)[1];
        var sizes = new VarTransformerConfig
        {
            Scales = scales,
            LatentChannels = (int)embed[1],
            CodebookSize = (int)part.Shape("head.weight", 2)[0],
            // The last row is the null class.
            ClassCount = (int)part.Shape("class_emb.weight", 2)[0] - 1,
            Depth = depth,
            HeadCount = heads == depth ? null : heads,
            HeadSize = width / Math.Max(1, heads),
            MlpRatio = (int)(part.Shape("blocks.0.ffn.fc1.weight", 2)[0] / Math.Max(1, width)),
            SharedModulation = part.Find("shared_ada_lin.1.weight") is not null,
        };
        sizes.Validate().ThrowIfAny(part.Path);
        return sizes;
    }

    private static int[] FromTable(long[] scaleOfToken, string path)
    {
        int[] counts = [.. scaleOfToken.GroupBy(scale => scale).OrderBy(group => group.Key).Select(group => group.Count())];
        int[] sides = Array.ConvertAll(counts, count => (int)Math.Round(Math.Sqrt(count)));
        bool isSquare = sides.Zip(counts).All(pair => pair.First * pair.First == pair.Second);
        return isSquare && ScaleSequence.ProblemWith(sides) is null ? sides : throw NvgDataException.At(
            path, $"'{VarPublishedNames.ScaleOfToken}' has scales of {string.Join(", ", counts)} tokens, which are not increasing squares");
    }
}
