using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Training.Distributed;

namespace Nvg.Training.Tasks.Generators;

/// <summary>
/// Sequences of a batch with everything that the generators' loss needs of them: canvases, structure, tokens, noise, times
/// and, per stage, which images take part. Owns its tensors.
/// </summary>
/// <remarks>Shapes: B images, S = K + 1 stages, L positions, C latent channels, K structure channels.</remarks>
public sealed record GeneratorBatch : IDisposable
{
    /// <summary>Canvases before each stage and, last, the final one: B × (S + 1) × L × C, unscaled.</summary>
    public required Tensor Canvases_BSLC { get; init; }

    /// <summary>Labels of all stages, B × S × L.</summary>
    public required Tensor Structure_BSL { get; init; }

    /// <summary>Codebook numbers of each stage, B × 2^i.</summary>
    public required IReadOnlyList<Tensor> Content { get; init; }

    /// <summary>Class of each image; the null class where it was dropped.</summary>
    public required Tensor Class_B { get; init; }

    /// <summary>Normal noise of the structure flow, one draw per image shared by its stages, B × L × K.</summary>
    public required Tensor Epsilon_BLK { get; init; }

    /// <summary>t in (0, 1) per image and structure stage, B × (K − 1).</summary>
    public required Tensor Time_BS { get; init; }

    /// <summary>Images that take part in the content loss of each stage; null for all of them.</summary>
    public IReadOnlyList<Tensor?>? ContentSubset { get; init; }

    /// <summary>Images that take part in the structure loss of each stage; null for all of them.</summary>
    public IReadOnlyList<Tensor?>? StructureSubset { get; init; }

    /// <summary>Stages an image takes part in on average, of all K + 1, for the content loss.</summary>
    public double ContentShare { get; init; } = 1;

    /// <summary>Likewise of all K − 1 for the structure loss.</summary>
    public double StructureShare { get; init; } = 1;

    /// <summary>Where a part's sequences of the content pass lie in its whole batch; null for a whole one.</summary>
    public DropPathRows? ContentRows { get; init; }

    /// <summary>Likewise of the structure pass.</summary>
    public DropPathRows? StructureRows { get; init; }

    /// <summary>Features of a frozen image encoder per position, B × L × D; null without representation alignment.</summary>
    public Tensor? Features_BLD { get; init; }

    /// <summary>A batch of sequences in which every image takes part in every stage.</summary>
    /// <param name="sequence">Structure and content; borrowed.</param>
    /// <param name="quantizer">Gives the canvases.</param>
    /// <param name="class_B">Class of each image.</param>
    /// <param name="generator">Draws noise and times.</param>
    /// <param name="share">Which part of a larger batch the sequences are: draws are made for all of it. Null for the whole.</param>
    public static GeneratorBatch From(GranularitySequence sequence, Quantizer quantizer, Tensor class_B, RandomGenerator generator, BatchShare? share = null)
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
        IEnumerable<Tensor?> owned = [Canvases_BSLC, Structure_BSL, Class_B, Epsilon_BLK, Time_BS, Features_BLD, ContentRows?.Row_N, StructureRows?.Row_N, .. Content, .. ContentSubset ?? [], .. StructureSubset ?? []];
        foreach (Tensor? tensor in owned)
            tensor?.Dispose();
    }
}
