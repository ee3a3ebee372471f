using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity.Construction;
using Nvg.Imaging;
using Nvg.Tokenizers;

namespace Nvg.Documents;

/// <summary>
/// An image, or an earlier result of a model, that other images continue from: they keep some of its stages, lay its content along another
/// structure, or redo a region of it. Owns its encoded sequence.
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
    /// <param name="construction">Another way to construct its structure, or null for the tokenizer's own; borrowed.</param>
    internal static Continuation Of(Tokenizer tokenizer, RgbImage image, IStructureStrategy? construction = null) =>
        new(ReferenceSequence.FromImage(tokenizer, image, construction), image, null);

    /// <summary>Takes an earlier result, which is not encoded again.</summary>
    /// <param name="tokenizer">Of the model that made it; borrowed while this object is used.</param>
    /// <param name="document">The result.</param>
    internal static Continuation Of(Tokenizer tokenizer, ImageDocument document) =>
        new(ReferenceSequence.FromSequence(tokenizer, document.Sequence), document.Image, document);

    /// <summary>Keeps stages. Whatever was given to an earlier result stays given, and so does what surrounds its region.</summary>
    /// <param name="kept">The stages.</param>
    /// <exception cref="ArgumentException">The model has fewer, or content is kept without its structure.</exception>
    internal GivenParts Keep(StageSelection kept)
    {
        PartialSequence own = kept.Of(_reference.Sequence);
        return new GivenParts(
            _document is null ? own : own.WithFallback(_document.Given).With(_document.Given.Border), _document?.Surroundings);
    }

    /// <summary>Follows another structure, along which the kept content is encoded again.</summary>
    /// <param name="structure">The structure; it replaces that of the reference and the surroundings of an earlier region.</param>
    /// <param name="kept">Its content counts.</param>
    /// <exception cref="ArgumentException">Content is kept of stages that the structure does not have.</exception>
    internal GivenParts Follow(StructureMap structure, StageSelection kept)
    {
        PartialSequence maps = structure.ToSequence();
        return new GivenParts(
            kept.Content.Count == 0 ? maps : kept.Of(_reference.EncodeAlong(maps), maps.StructureStages), null);
    }

    /// <summary>Generates a region anew.</summary>
    /// <param name="region">The region.</param>
    /// <param name="inside">The stages that are kept inside it as well.</param>
    /// <param name="border">How clusters on both sides of its border choose tokens.</param>
    /// <exception cref="ArgumentException">Nothing would be left to generate.</exception>
    internal GivenParts Redo(RegionMask region, StageSelection inside, BorderRule border) => new(
        region.Keep(_reference.Sequence, inside.Of(_reference.Sequence), border),
        // The pixels of the reference itself, not those of its reconstruction.
        new KeptSurroundings(region, _image));

    /// <inheritdoc/>
    public void Dispose() => _reference.Dispose();
}
