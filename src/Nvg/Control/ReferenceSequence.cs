using Nvg.Conditioning;
using Nvg.Granularity;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg.Control;

/// <summary>The sequence of an image or an earlier result, whose structure or content generated images reuse. Owns its latent.</summary>
public sealed class ReferenceSequence : IDisposable
{
    private readonly Tokenizer _tokenizer;
    private readonly Tensor _latent_BLC;

    private ReferenceSequence(Tokenizer tokenizer, PartialSequence sequence, Tensor latent_BLC) =>
        (_tokenizer, Sequence, _latent_BLC) = (tokenizer, sequence, latent_BLC.Own());

    /// <summary>Structure maps and tokens of all stages.</summary>
    public PartialSequence Sequence { get; }

    /// <summary>Encodes an image.</summary>
    /// <param name="tokenizer">Borrowed while this object is used.</param>
    /// <param name="image">A square of the tokenizer's image size.</param>
    /// <param name="structure">An alternative way to construct the structure, or null for the tokenizer's own; borrowed.</param>
    public static ReferenceSequence FromImage(Tokenizer tokenizer, RgbImage image, IStructureStrategy? structure = null)
    {
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        Tensor images = ImageTensor.Load([image], tokenizer.Quantizer.Codebook.Device);
        using GranularitySequence sequence = tokenizer.Encode(images, out Tensor latent_BLC, structure);
        return new ReferenceSequence(tokenizer, PartialSequence.FromBatch(sequence)[0], latent_BLC);
    }

    /// <summary>Uses an earlier result without re-encoding it; its final canvas is the latent.</summary>
    /// <param name="tokenizer">Tokenizer of the model that generated the result; borrowed while this object is used.</param>
    /// <param name="sequence">A complete sequence.</param>
    /// <exception cref="ArgumentException">It is not complete, or its grid differs from the tokenizer's.</exception>
    public static ReferenceSequence FromSequence(Tokenizer tokenizer, PartialSequence sequence)
    {
        if (sequence.Grid != tokenizer.Config.Grid)
            throw new ArgumentException($"a sequence of {sequence.Grid} positions was given, the tokenizer has {tokenizer.Config.Grid}");
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        using GranularitySequence batch = PartialSequence.ToBatch([sequence], tokenizer.Quantizer.Codebook.Device);
        Tensor canvases = tokenizer.Quantizer.Canvases(batch);
        return new ReferenceSequence(tokenizer, sequence, canvases.Select(1, sequence.Grid.StageCount).Clone());
    }

    /// <summary>The part of the first stages that generated images reuse.</summary>
    /// <param name="part">
    /// The part to keep. Content alone is re-encoded along the structure maps given in <paramref name="structure"/>.
    /// </param>
    /// <param name="stages">Number of stages, from stage 0.</param>
    /// <param name="structure">Structure maps for <see cref="KeptPart.Content"/>; null for only stage 0.</param>
    /// <exception cref="ArgumentException">
    /// The model has fewer stages, the structure has a different grid, or content is requested without its structure.
    /// </exception>
    public PartialSequence Keep(KeptPart part, int stages, PartialSequence? structure = null)
    {
        if (stages < 0 || stages > Sequence.Grid.StageCount)
            throw new ArgumentException($"{stages} stages cannot be kept: the model has {Sequence.Grid.StageCount}");
        CheckGrid(structure);
        StageSelection kept = StageSelection.First(part, stages);
        return part != KeptPart.Content ? kept.Of(Sequence)
            : structure is null ? kept.Of(Sequence, 1)
            : kept.Of(EncodeAlong(structure), structure.StructureStages);
    }

    /// <summary>Encodes the latent along different structure maps: stage by stage, each cluster's mean is quantized to its token.</summary>
    /// <param name="structure">
    /// Structure maps of the first stages. Missing maps are completed, which does not change earlier tokens.
    /// </param>
    /// <returns>A complete sequence that begins with these maps.</returns>
    /// <exception cref="ArgumentException">They have a different grid.</exception>
    public PartialSequence EncodeAlong(PartialSequence structure)
    {
        CheckGrid(structure);
        using InferenceMode inference = Autograd.Inference();
        using var scope = new TensorScope();
        LatentGrid grid = Sequence.Grid;
        var maps = new List<Tensor>();
        for (int i = 0; i < grid.StageCount; i++)
        {
            maps.Add(i < structure.StructureStages
                ? Tensor.From([.. structure.Labels(i).ToArray().Select(label => (long)label)], 1, grid.Length)
                : StructureSplit.ByScore(maps[^1], Tensor.Zeros([1, grid.Length]), LatentGrid.ClusterCount(i - 1)));
        }

        Tensor structure_BSL = Tensor.Stack([.. maps], 1).To(_latent_BLC.Device);
        using GranularitySequence sequence = _tokenizer.Quantizer.Quantize(_latent_BLC, structure_BSL);
        return PartialSequence.FromBatch(sequence)[0];
    }

    /// <inheritdoc/>
    public void Dispose() => _latent_BLC.Dispose();

    private void CheckGrid(PartialSequence? structure)
    {
        if (structure is not null && structure.Grid != Sequence.Grid)
            throw new ArgumentException($"structure of {structure.Grid} positions was given, the reference has {Sequence.Grid}");
    }
}
