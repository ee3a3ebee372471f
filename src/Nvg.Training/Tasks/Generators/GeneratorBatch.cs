using Nvg.Generators.Blocks;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// Sequences of a batch with everything that the generators' loss needs: canvases, structure, tokens, noise, times and the
/// participating images of each stage. Owns its tensors.
/// </summary>
/// <remarks>Shapes: B images, S = K + 1 stages, L positions, C latent channels, K structure channels.</remarks>
public sealed record GeneratorBatch : IDisposable
{
    /// <summary>Canvas before each stage and, last, the final canvas: B × (S + 1) × L × C, unscaled.</summary>
    public required Tensor Canvases_BSLC { get; init; }

    /// <summary>Labels of all stages, B × S × L.</summary>
    public required Tensor Structure_BSL { get; init; }

    /// <summary>Code indices of each stage, B × 2^i.</summary>
    public required IReadOnlyList<Tensor> Content { get; init; }

    /// <summary>Class of each image, or the null class if it was dropped.</summary>
    public required Tensor Class_B { get; init; }

    /// <summary>Normally distributed noise of the structure flow, one draw per image shared by its stages, B × L × K.</summary>
    public required Tensor Epsilon_BLK { get; init; }

    /// <summary>Time t in (0, 1) per image and structure stage, B × (K − 1).</summary>
    public required Tensor Time_BS { get; init; }

    /// <summary>
    /// Length of the interval over which the average velocity is learned, per image and structure stage, B × (K − 1); 0 for the
    /// velocity itself. Null if no sequence has an interval.
    /// </summary>
    public Tensor? Step_BS { get; init; }

    /// <summary>Images that take part in the content loss of each stage; null for all.</summary>
    public IReadOnlyList<Tensor?>? ContentSubset { get; init; }

    /// <summary>Images that take part in the structure loss of each stage; null for all.</summary>
    public IReadOnlyList<Tensor?>? StructureSubset { get; init; }

    /// <summary>Expected share of the K + 1 stages that an image takes part in, for the content loss.</summary>
    public double ContentShare { get; init; } = 1;

    /// <summary>Expected share of the K − 1 stages that an image takes part in, for the structure loss.</summary>
    public double StructureShare { get; init; } = 1;

    /// <summary>Rows of this part's content sequences in the whole batch; null for a whole batch.</summary>
    public DropPathRows? ContentRows { get; init; }

    /// <summary>Rows of this part's structure sequences in the whole batch; null for a whole batch.</summary>
    public DropPathRows? StructureRows { get; init; }

    /// <summary>Features of a frozen image encoder per position, B × L × D; null without representation alignment.</summary>
    public Tensor? Features_BLD { get; init; }

    /// <summary>A batch in which every image takes part in every stage.</summary>
    /// <param name="sequence">Structure and content; borrowed.</param>
    /// <param name="quantizer">Computes the canvases.</param>
    /// <param name="class_B">Class of each image.</param>
    /// <param name="generator">Draws noise and times, for the whole batch.</param>
    /// <param name="share">The range of the batch that the sequences come from; null for a whole batch.</param>
    public static GeneratorBatch From(
        GranularitySequence sequence, Quantizer quantizer, Tensor class_B, RandomGenerator generator, BatchShare? share = null)
    {
        using GradMode noGrad = Autograd.NoGrad();
        LatentGrid grid = sequence.Grid;
        BatchShare rows = share ?? BatchShare.All(sequence.Count);
        using Tensor logits = Tensor.Randn([rows.Total, Math.Max(grid.LastStage - 1, 0)], generator);
        using Tensor noise = Tensor.Randn([rows.Total, grid.Length, grid.LastStage], generator);
        using Tensor logit_BS = rows.Of(logits);
        return new GeneratorBatch
        {
            Canvases_BSLC = quantizer.Canvases(sequence).Own(),
            Structure_BSL = sequence.Structure_BSL.Alias().Own(),
            Content = [.. sequence.Content.Select(c => c.Alias().Own())],
            Class_B = class_B.Alias().Own(),
            Epsilon_BLK = rows.Of(noise).Own(),
            Time_BS = logit_BS.Sigmoid().Own(),
        };
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        IEnumerable<Tensor?> owned =
        [
            Canvases_BSLC, Structure_BSL, Class_B, Epsilon_BLK, Time_BS, Step_BS, Features_BLD, ContentRows?.Row_N, StructureRows?.Row_N,
            .. Content, .. ContentSubset ?? [], .. StructureSubset ?? [],
        ];
        foreach (Tensor? tensor in owned)
            tensor?.Dispose();
    }
}
