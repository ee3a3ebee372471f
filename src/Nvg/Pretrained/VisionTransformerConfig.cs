using System.Text.RegularExpressions;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Pretrained;

/// <summary>Sizes of a vision transformer, which follow from the shapes of its weights.</summary>
public sealed partial record VisionTransformerConfig
{
    // Size of an attention head in every published DINO and DINOv2 model.
    private const int PublishedHeadSize = 64;

    /// <summary>Width of a token.</summary>
    public required int Width { get; init; }

    /// <summary>Number of blocks.</summary>
    public required int Depth { get; init; }

    /// <summary>Side of a patch in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Side of the square grid of patches of the stored position table.</summary>
    public required int TableSide { get; init; }

    /// <summary>Attention heads.</summary>
    public required int HeadCount { get; init; }

    /// <summary>Hidden width of a block's MLP; of one half if the MLP is gated.</summary>
    public required int MlpWidth { get; init; }

    /// <summary>Register tokens besides class and patches (DINOv2 with registers).</summary>
    public int RegisterCount { get; init; }

    /// <summary>Whether the updates of a block are scaled per channel (DINOv2).</summary>
    public bool HasLayerScale { get; init; }

    /// <summary>Whether the MLP is SiLU(a) · b of two halves (DINOv2 ViT-g).</summary>
    public bool HasGatedMlp { get; init; }

    /// <summary>Whether GELU is approximated by tanh, as in the tokenizer's discriminator.</summary>
    public bool ApproximateGelu { get; init; }

    /// <summary>Infers the sizes from a checkpoint of DINO or DINOv2.</summary>
    /// <param name="weights">Weights by their published names; borrowed.</param>
    /// <exception cref="ParameterException">The weights are not those of a known vision transformer.</exception>
    public static VisionTransformerConfig Of(IReadOnlyDictionary<string, Tensor> weights)
    {
        long[] patch = Shape("patch_embed.proj.weight", 4), table = Shape("pos_embed", 3);
        bool gated = weights.ContainsKey("blocks.0.mlp.w12.weight");
        long[] mlp = gated ? Shape("blocks.0.mlp.w12.weight", 2) : Shape("blocks.0.mlp.fc1.weight", 2);
        int side = (int)Math.Round(Math.Sqrt(table[1] - 1));
        if (side * side != table[1] - 1 || patch[0] % PublishedHeadSize != 0)
            throw new ParameterException($"no known vision transformer has {table[1]} position entries and width {patch[0]}");
        return new VisionTransformerConfig
        {
            Width = (int)patch[0],
            Depth = 1 + weights.Keys.Select(n => BlockName().Match(n)).Where(m => m.Success).Max(m => int.Parse(m.Groups[1].Value)),
            PatchSize = (int)patch[2],
            TableSide = side,
            HeadCount = (int)patch[0] / PublishedHeadSize,
            MlpWidth = (int)(gated ? mlp[0] / 2 : mlp[0]),
            RegisterCount = weights.TryGetValue("register_tokens", out Tensor? registers) ? (int)registers.Size(1) : 0,
            HasLayerScale = weights.ContainsKey("blocks.0.ls1.gamma"),
            HasGatedMlp = gated,
        };

        long[] Shape(string name, int rank) => weights.TryGetValue(name, out Tensor? tensor) && tensor.Rank == rank
            ? tensor.Shape.ToArray()
            : throw new ParameterException($"parameter '{name}' of a vision transformer is missing");
    }

    [GeneratedRegex(@"^blocks\.(\d+)\.")]
    private static partial Regex BlockName();
}
