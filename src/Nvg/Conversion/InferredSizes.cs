using System.Numerics;
using Nvg.Checkpoints;
using Nvg.Generators;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Conversion;

/// <summary>Sizes of a model, read off the shapes of its tensors.</summary>
internal static class InferredSizes
{
    private const int MostLevels = 16;

    /// <summary>Sizes of a tokenizer; what no shape shows (normalisation groups, weights of refiners and losses) is the paper's.</summary>
    /// <exception cref="NvgDataException">A tensor that shows a size is missing, or the sizes contradict each other.</exception>
    internal static TokenizerConfig Tokenizer(CheckpointPart part)
    {
        int baseChannels = (int)part.Shape("encoder.conv_in.conv.weight", 4)[0];
        int levels = part.CountOf("encoder.down.");
        int[] widths = [.. Enumerable.Range(0, levels).Select(level => (int)part.Shape($"encoder.down.{level}.block.0.conv1.conv.weight", 4)[0])];
        if (levels is 0 or > MostLevels || baseChannels < 1 || widths.Any(w => w % baseChannels != 0))
            throw NvgDataException.At(part.Path, $"the encoder's {levels} levels are {string.Join(", ", widths)} wide, which are no multiples of {baseChannels}");
        ReadOnlySpan<long> codebook = part.Shape(PublishedNames.Codebook, 2);
        int refiners = part.CountOf("quantize.quant_resi.");
        // One refiner per stage 0…K, 2^K positions, in a square.
        if (refiners is < 1 or > 21 || (refiners - 1) % 2 != 0)
            throw NvgDataException.At(part.Path, $"{refiners} refiners (quantize.quant_resi.*) are not the stages of a square latent");
        var sizes = new TokenizerConfig
        {
            ImageSize = 1 << ((refiners - 1) / 2 + levels - 1),
            BaseChannels = baseChannels,
            ChannelMultipliers = Array.ConvertAll(widths, w => w / baseChannels),
            ResNetBlocks = part.CountOf("encoder.down.0.block."),
            LatentChannels = (int)codebook[1],
            CodebookSize = (int)codebook[0],
        };
        return Valid(sizes, sizes.Validate(), part);
    }

    /// <summary>Sizes of the generators.</summary>
    /// <exception cref="NvgDataException">A tensor that shows a size is missing, or the sizes contradict each other.</exception>
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
        };
        return Valid(sizes, sizes.Validate(), part);
    }

    // The positions' own table says how they lie; without it they lie in a square.
    private static (int Height, int Width) Grid(CheckpointPart part, long length)
    {
        if (length is < 1 or > 1 << 20 || !BitOperations.IsPow2(length))
            throw NvgDataException.At(part.Path, $"{length} latent positions (content_start_embed) are no power of two");
        if (part.Find(PublishedNames.PositionIds) is { Rank: 3 } stored && stored.Size(1) == length + 1 && stored.Size(2) > 2)
        {
            using var scope = new TensorScope();
            Tensor rows = stored.Narrow(1, 1, length).Select(2, stored.Size(2) - 2);
            int height = (int)rows.To(ScalarType.Float64).Max().Item() + 1;
            if (height > 0 && length % height == 0)
                return (height, (int)(length / height));
        }

        int side = (int)Math.Sqrt(length);
        return (long)side * side == length ? (side, side) : throw NvgDataException.At(part.Path, $"{length} latent positions are no square, and no table ({PublishedNames.PositionIds}) says how they lie");
    }

    private static T Valid<T>(T sizes, IEnumerable<string> problems, CheckpointPart part) =>
        string.Join("; ", problems) is { Length: > 0 } all ? throw NvgDataException.At(part.Path, all) : sizes;
}
