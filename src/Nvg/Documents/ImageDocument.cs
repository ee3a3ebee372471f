using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Torch;

namespace Nvg.Documents;

/// <summary>
/// A generated image as one file: the image, its whole sequence, the given parts, and how it was made. Any stage can be shown, edited and
/// continued from the file. The file is safetensors, so other programs can read it: <c>image</c> (H × W × 3, U8); <c>structure</c> and
/// <c>content</c> ((K + 1) × L, I32: label and codebook number of each position); <c>given.structure</c> and <c>given.content</c> (the
/// same, −1 where nothing was given; absent where nothing at all was); <c>region</c> (L, U8) and <c>surroundings</c> (H × W × 3, U8) where
/// only a region was regenerated; and in the metadata an <see cref="ImageDescription"/> as JSON under <c>nvg.image</c> and the SHA-256 of
/// everything under <c>nvg.sha256</c>.
/// </summary>
/// <param name="Description">How it was made.</param>
/// <param name="Image">The image.</param>
/// <param name="Sequence">Its sequence, complete.</param>
/// <param name="Given">The given parts of the sequence.</param>
/// <param name="Surroundings">The region that was regenerated and the image around it, or null for the whole image.</param>
public sealed record ImageDocument(
    ImageDescription Description, RgbImage Image, PartialSequence Sequence, PartialSequence Given, KeptSurroundings? Surroundings = null)
{
    /// <summary>The extension of file names.</summary>
    public const string Extension = ".nvg";

    private const int ShortFingerprint = 12;

    /// <summary>The document of a generated image.</summary>
    /// <param name="model">The model that made it.</param>
    /// <param name="fingerprint">Its fingerprint (<see cref="NvgModel.Fingerprint"/>).</param>
    /// <param name="image">The image.</param>
    /// <param name="type">Precision of the generators' matrices.</param>
    public static ImageDocument Of(NvgModel model, string fingerprint, GeneratedImage image, ScalarType type = ScalarType.Float32)
    {
        LatentGrid grid = image.Sequence.Grid;
        PartialSequence given = image.Request.AllGiven ?? PartialSequence.Empty(grid);
        var description = new ImageDescription
        {
            Model = model.Config.Name,
            Fingerprint = fingerprint,
            Class = image.Class,
            Label = image.Label,
            Seed = image.Request.Seed,
            Interpolation = image.Request.Interpolation,
            Sampling = image.Options,
            Border = given.Border,
            Dtype = type,
            Device = model.Device.Type,
            Batch = image.Batch,
            LatentHeight = grid.Height,
            LatentWidth = grid.Width,
            CodebookSize = model.Config.Tokenizer.CodebookSize,
        };
        return new ImageDocument(description, image.Image, image.Sequence, given, image.Request.Surroundings);
    }

    /// <summary>Whether a file name has the extension of a document.</summary>
    public static bool HasDocumentName(string path) => Path.GetExtension(path).Equals(Extension, StringComparison.OrdinalIgnoreCase);

    /// <summary>Reads a document.</summary>
    /// <exception cref="NvgDataException">It is missing, not a document, damaged, or contradicts itself.</exception>
    public static ImageDocument Read(string path) => DocumentFile.Read(path);

    /// <summary>Reads a document that is in memory.</summary>
    /// <param name="bytes">The whole file.</param>
    /// <param name="name">Name of the document in error messages.</param>
    /// <exception cref="NvgDataException">It is not a document, damaged, or contradicts itself.</exception>
    public static ImageDocument Read(byte[] bytes, string name) => DocumentFile.Read(bytes, name);

    /// <summary>The bytes of the file that <see cref="Write(string)"/> writes.</summary>
    public byte[] ToBytes()
    {
        using var stream = new MemoryStream();
        DocumentFile.Write(stream, this);
        return stream.ToArray();
    }

    /// <summary>Writes the document, completely or not at all.</summary>
    /// <exception cref="IOException">It cannot be written.</exception>
    public void Write(string path) => DocumentFile.Write(path, this);

    /// <summary>
    /// Creates a request that reproduces the image, with its first stages kept. It gives the same bytes with the same model and device, in
    /// a <see cref="GenerationRequest"/> with <see cref="ImageDescription.Batch"/> as batch size and
    /// <see cref="GenerationRequest.FillsBatches"/>, provided that the other images of its batch were conditioned on the same number of
    /// stages. Change class, seed, settings or given parts to make a variation.
    /// </summary>
    /// <param name="structureStages">Number of leading stages whose structure is kept.</param>
    /// <param name="contentStages">Number of leading stages whose tokens are kept; at most <paramref name="structureStages"/>.</param>
    public ImageRequest Continue(int structureStages, int contentStages) => new(Description.Class, Description.Seed)
    {
        Given = Sequence.Keep(structureStages, contentStages).WithFallback(Given).With(Given.Border),
        Surroundings = Surroundings,
        Interpolation = Description.Interpolation,
        Options = Description.Sampling,
    };

    /// <summary>Throws if a model cannot continue the document exactly.</summary>
    /// <param name="path">Name of the document, for the message.</param>
    /// <param name="model">The model.</param>
    /// <param name="fingerprint">Its fingerprint.</param>
    /// <exception cref="NvgDataException">The document was created by a different model.</exception>
    public void RequireModel(string path, NvgModel model, string fingerprint)
    {
        if (Description.Fingerprint != fingerprint)
        {
            throw NvgDataException.At(
                path, $"was made by a different model ({Description.Model}, weights {Short(Description.Fingerprint)}), not {model.Folder} "
                + $"(weights {Short(fingerprint)})", "name its model with --model");
        }

        // A fingerprint is text that anyone can write. Without this check, mismatched sizes would cause reads out of bounds.
        (LatentGrid grid, int side) = (model.Grid, model.Config.Tokenizer.ImageSize);
        if ((Sequence.Grid.Height, Sequence.Grid.Width) != (grid.Height, grid.Width) || (Image.Width, Image.Height) != (side, side)
            || Description.CodebookSize != model.Config.Tokenizer.CodebookSize)
            throw NvgDataException.At(path, $"its image, latent and codebook are not those of {model.Folder}");
        int classes = model.Config.Generator?.ClassCount ?? int.MaxValue;
        bool IsClass(int number) => number >= 0 && number < classes;
        if (!IsClass(Description.Class) || (Description.Interpolation?.Class is { } target && !IsClass(target)))
            throw NvgDataException.At(path, $"its class does not exist in {model.Folder}");
    }

    private static string Short(string fingerprint) => fingerprint[..Math.Min(fingerprint.Length, ShortFingerprint)];
}
