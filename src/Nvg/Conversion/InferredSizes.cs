using System.Numerics;
using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Generators;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Conversion;

/// <summary>Infers the sizes of a model from the shapes of its tensors.</summary>
internal static class InferredSizes
{
    private const int MostLevels = 16;

    /// <summary>
    /// Infers the sizes of a tokenizer. Settings that cannot be inferred from shapes (groups of norms, weights of refiners and losses) are
    /// those of the paper.
    /// </summary>
    /// <exception cref="NvgDataException">A tensor that determines a size is missing, or the sizes are inconsistent.</exception>
    internal static TokenizerConfig Tokenizer(CheckpointPart part)
    {
        int baseChannels = (int)part.Shape("encoder.conv_in.conv.weight", 4)[0];
        int levels = part.CountOf("encoder.down.");
        int[] widths = [.. Enumerable.Range(0, levels).Select(LevelWidth)];
        if (levels is 0 or > MostLevels || baseChannels < 1 || widths.Any(w => w % baseChannels != 0))
        {
            string channels = string.Join(", ", widths);
            throw NvgDataException.At(
                part.Path,
                $"the encoder has {levels} levels of {channels} channels; at least one level and multiples of {baseChannels} are needed");
        }

        ReadOnlySpan<long> codebook = part.Shape(PublishedNames.Codebook, 2);
        int refiners = part.CountOf("quantize.quant_resi.");
        // One refiner per stage 0…K; 2^K positions form a square if K is even.
        if (refiners is < 1 or > 21 || (refiners - 1) % 2 != 0)
            throw NvgDataException.At(part.Path, $"no square latent has {refiners} stages, the number of refiners (quantize.quant_resi.*)");
        var sizes = new TokenizerConfig
        {
            ImageSize = 1 << ((refiners - 1) / 2 + levels - 1),
            BaseChannels = baseChannels,
            ChannelMultipliers = Array.ConvertAll(widths, w => w / baseChannels),
            ResNetBlocks = part.CountOf("encoder.down.0.block."),
            LatentChannels = (int)codebook[1],
            CodebookSize = (int)codebook[0],
        };
        sizes.Validate().ThrowIfAny(part.Path);
        return sizes;

        int LevelWidth(int level) => (int)part.Shape($"encoder.down.{level}.block.0.conv1.conv.weight", 4)[0];
    }

    /// <summary>Infers the sizes of the generators.</summary>
    /// <exception cref="NvgDataException">A tensor that determines a size is missing, or the sizes are inconsistent.</exception>
    internal static GeneratorConfig Generator(CheckpointPart part)
    {
        ReadOnlySpan<long> start = part.Shape("content_start_embed", 3), embed = part.Shape("content_embed.weight", 2);
        int width = (int)embed[0], structureWidth = (int)part.Shape("structure_embed.weight", 2)[0];
        (int height, int columns) = Grid(part, start[1]);
        var sizes = new GeneratorConfig
        {
            LatentHeight = height,
            LatentWidth = columns,
            LatentChannels = (int)start[2],
            CodebookSize = (int)part.Shape("cls_head.linear.weight", 2)[0],
            // The last row is the null class.
            ClassCount = (int)part.Shape("content_class_embed.weight", 2)[0] - 1,
            Depth = part.CountOf("content_blocks."),
            HeadSize = (int)part.Shape("content_blocks.0.norm.query_norm.scale", 1)[0],
            MlpRatio = (int)(part.Shape("content_blocks.0.linear2.weight", 2)[1] / Math.Max(width, 1)) - 1,
            StructureWidthDivisor = width / Math.Max(structureWidth, 1),
            StructureStepInput = part.Find("structure_step_embed.in_layer.weight") is not null,
        };
        sizes.Validate().ThrowIfAny(part.Path);
        return sizes;
    }

    // The stored table of positions gives the shape of the grid; without it, the grid is assumed to be square.
    private static (int Height, int Width) Grid(CheckpointPart part, long length)
    {
        if (length is < 1 or > 1 << 20 || !BitOperations.IsPow2(length))
            throw NvgDataException.At(part.Path, $"the number of latent positions, {length} (content_start_embed), is not a power of two");
        if (part.Find(PublishedNames.PositionIds) is { Rank: 3 } stored && stored.Size(1) == length + 1 && stored.Size(2) > 2)
        {
            using var scope = new TensorScope();
            Tensor rows = stored.Narrow(1, 1, length).Select(2, stored.Size(2) - 2);
            int height = (int)rows.To(ScalarType.Float64).Max().Item() + 1;
            if (height > 0 && length % height == 0)
                return (height, (int)(length / height));
        }

        int side = (int)Math.Sqrt(length);
        return (long)side * side == length ? (side, side) : throw NvgDataException.At(
            part.Path,
            $"{length} latent positions do not form a square, and there is no table of positions ({PublishedNames.PositionIds})");
    }
}
