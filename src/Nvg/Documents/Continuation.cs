using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Tokenizers;

namespace Nvg.Documents;

/// <summary>
/// An image, or an earlier result of a model, from which other images continue: they keep some of its stages, apply its content to a
/// different structure, or regenerate a region. Owns its encoded sequence.
/// </summary>
internal sealed class Continuation : IDisposable
{
    private readonly ReferenceSequence _reference;
    private readonly RgbImage _image;
    private readonly ImageDocument? _document;

    private Continuation(ReferenceSequence reference, RgbImage image, ImageDocument? document) =>
        (_reference, _image, _document) = (reference, image, document);

    /// <summary>Encodes an image.</summary>
    /// <param name="tokenizer">Borrowed while this object is used.</param>
    /// <param name="image">A square of the tokenizer's image size.</param>
    /// <param name="construction">An alternative way to construct the structure, or null for the tokenizer's own; borrowed.</param>
    internal static Continuation Of(Tokenizer tokenizer, RgbImage image, IStructureStrategy? construction = null) =>
        new(ReferenceSequence.FromImage(tokenizer, image, construction), image, null);

    /// <summary>Uses an earlier result without re-encoding it.</summary>
    /// <param name="tokenizer">Tokenizer of the model that generated the result; borrowed while this object is used.</param>
    /// <param name="document">The result.</param>
    internal static Continuation Of(Tokenizer tokenizer, ImageDocument document) =>
        new(ReferenceSequence.FromSequence(tokenizer, document.Sequence), document.Image, document);

    /// <summary>Keeps stages. Parts given to an earlier result stay given, and so do the surroundings of its region.</summary>
    /// <param name="kept">The stages.</param>
    /// <exception cref="ArgumentException">The model has fewer stages, or content is kept without its structure.</exception>
    internal GivenParts Keep(StageSelection kept)
    {
        PartialSequence own = kept.Of(_reference.Sequence);
        return new GivenParts(
            _document is null ? own : own.WithFallback(_document.Given).With(_document.Given.Border), _document?.Surroundings);
    }

    /// <summary>Follows a different structure, along which the kept content is re-encoded.</summary>
    /// <param name="structure">
    /// The structure, which replaces the structure of the reference and the surroundings of an earlier region.
    /// </param>
    /// <param name="kept">The stages whose content is kept; the structure selection is ignored.</param>
    /// <exception cref="ArgumentException">Content is kept for stages that the structure does not have.</exception>
    internal GivenParts Follow(StructureMap structure, StageSelection kept)
    {
        PartialSequence maps = structure.ToSequence();
        return new GivenParts(
            kept.Content.Count == 0 ? maps : kept.Of(_reference.EncodeAlong(maps), maps.StructureStages), null);
    }

    /// <summary>Regenerates a region.</summary>
    /// <param name="region">The region.</param>
    /// <param name="inside">The stages that are kept inside it as well.</param>
    /// <param name="border">How clusters that span its border choose tokens.</param>
    /// <exception cref="ArgumentException">Nothing would be left to generate.</exception>
    internal GivenParts Redo(RegionMask region, StageSelection inside, BorderRule border) => new(
        region.Keep(_reference.Sequence, inside.Of(_reference.Sequence), border),
        // Uses the pixels of the reference itself, not of its reconstruction.
        new KeptSurroundings(region, _image));

    /// <inheritdoc/>
    public void Dispose() => _reference.Dispose();
}
