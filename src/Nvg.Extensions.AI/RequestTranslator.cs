using System.Security.Cryptography;
using Microsoft.Extensions.AI;
using Nvg.Conditioning;
using Nvg.Control;
using Nvg.Documents;
using Nvg.Imaging;
using Nvg.Sampling;
using Nvg.Sampling.Schedules;

namespace Nvg.Extensions.AI;

/// <summary>Translates requests of Microsoft.Extensions.AI into requests of the library.</summary>
/// <param name="model">Borrowed.</param>
/// <param name="fingerprint">Fingerprint of the model.</param>
/// <param name="settings">Settings of the generator.</param>
internal sealed class RequestTranslator(NvgModel model, Lazy<string> fingerprint, NvgImageGeneratorOptions settings)
{
    private static readonly string[] Names = ["seed", "temperature", "top_p", "guidance", "structure_steps", "keep", "keep_stages",
        "structure_stages"];

    /// <summary>Translates a request.</summary>
    /// <param name="generator">Passed to the factory of a raw request.</param>
    /// <param name="request">Prompt and images.</param>
    /// <param name="options">Count and properties, or null.</param>
    /// <exception cref="ArgumentException">The prompt does not name a class, or a property, image or number is invalid.</exception>
    internal GenerationRequest Translate(IImageGenerator generator, ImageGenerationRequest request, ImageGenerationOptions? options)
    {
        switch (options?.RawRepresentationFactory?.Invoke(generator))
        {
            case GenerationRequest raw:
                return raw;
            case ImageRequest raw:
                return new GenerationRequest { Images = [raw] };
        }

        var values = new PropertyValues(options?.AdditionalProperties);
        values.RequireKnown(Names);
        int count = options?.Count ?? 1;
        if (count < 1 || count > settings.MostImages)
            throw new ArgumentException($"{count} images were requested; 1 to {settings.MostImages} are possible");
        var originals = new OriginalImages(request.OriginalImages);
        ImageDocument? document = originals.ReferenceImage is { } bytes && !IsImage(bytes) ? ReadDocument(bytes) : null;
        ImageClass @class = string.IsNullOrWhiteSpace(request.Prompt) && document is not null
            ? document.Description.Class
            : settings.ClassOfPrompt(model, request.Prompt ?? "");
        // A seed of 32 bits, so that every client can represent it.
        ulong seed = values.Seed("seed") ?? (uint)RandomNumberGenerator.GetInt32(int.MinValue, int.MaxValue);
        ImageRequest first = Given(new ImageRequest(@class, seed), originals, document, values);
        return new GenerationRequest
        {
            Images = [.. Enumerable.Range(0, count).Select(k => first with { Seed = unchecked(seed + (ulong)k) })],
            Options = Sampling(values, document?.Description.Sampling ?? model.Config.Sampling),
        };
    }

    private SamplingOptions Sampling(PropertyValues values, SamplingOptions defaults)
    {
        SamplingOptions options = defaults with
        {
            Temperature = values.Number("temperature") ?? defaults.Temperature,
            TopP = values.Number("top_p") is { } topP ? StageSchedule.Constant(topP) : defaults.TopP,
            ContentGuidance = values.Number("guidance") is { } guidance ? StageSchedule.Constant(guidance) : defaults.ContentGuidance,
            StructureSteps = values.Text("structure_steps") is not { } steps ? defaults.StructureSteps
                : StructureSteps.Parse(steps)
                    ?? throw new ArgumentException($"'{steps}' is not a valid number of structure steps: give a number or auto"),
        };
        return options.Validate(model.GeneratorConfig).FirstOrDefault() is { } problem ? throw new ArgumentException(problem) : options;
    }

    private ImageRequest Given(ImageRequest image, OriginalImages originals, ImageDocument? document, PropertyValues values)
    {
        StructureMap? structure = Structure(originals, values.Integer("structure_stages"));
        if (originals.ReferenceImage is not { } bytes)
        {
            return originals.Mask is not null ? throw new ArgumentException("a mask needs a reference as first original image")
                : values.Integer("keep_stages") is not null
                    ? throw new ArgumentException("'keep_stages' needs a reference as first original image")
                : image with { Structure = structure };
        }

        KeptPart part = Part(values.Text("keep"), structure);
        if (structure is not null && (originals.Mask is not null || part != KeptPart.Content))
            throw new ArgumentException("a given structure replaces the reference's: keep only content, and give no mask");
        using Continuation reference = document is null
            ? Continuation.Of(model.Tokenizer, Square(bytes))
            : Continuation.Of(model.Tokenizer, document);
        int? stages = values.Integer("keep_stages");
        StageSelection kept = StageSelection.First(part, stages ?? (originals.Mask is not null ? 1
            : Math.Min(settings.ReferenceStages, structure?.Stages.Count ?? model.Grid.LastStage)));
        GivenParts given = originals.Mask is { } mask
                ? reference.Redo(RegionMask.FromImage(Mask(mask), model.Grid), kept, BorderRule.Split)
            : structure is not null ? reference.Follow(structure, kept)
            : reference.Keep(kept);
        return image with { Given = given.Sequence, Surroundings = given.Surroundings };
    }

    private StructureMap? Structure(OriginalImages originals, int? stages) => (originals.Structure, originals.Labels) switch
    {
        (null, null) => null,
        ({ } drawing, null) => model.Structure.FromBrightness([ImageFile.Decode(drawing, "structure")], stages),
        (null, { } labels) => model.Structure.FromLabels(ImageFile.Decode(labels, "labels"), stages),
        _ => throw new ArgumentException("structure and labels cannot be combined"),
    };

    // An image with a given structure takes only content from its reference.
    private static KeptPart Part(string? text, StructureMap? structure)
    {
        if (text is null)
            return structure is null ? KeptPart.Structure : KeptPart.Content;
        return Enum.TryParse(text, ignoreCase: true, out KeptPart part) && Enum.IsDefined(part)
            ? part
            : throw new ArgumentException($"'{text}' cannot be kept: give structure, content or both");
    }

    private RgbImage Square(byte[] bytes)
    {
        int side = model.Config.Tokenizer.ImageSize;
        return ImageFile.Decode(bytes, "the reference", side).CropCentre(side, side);
    }

    // Transparent pixels are regenerated, as image editors save masks. Without transparency, white pixels are.
    private static RgbImage Mask(byte[] bytes) => ImageFile.DecodeTransparency(bytes, "the mask") ?? ImageFile.Decode(bytes, "the mask");

    private ImageDocument ReadDocument(byte[] bytes)
    {
        var document = ImageDocument.Read(bytes, "the reference");
        document.RequireModel("the reference", model, fingerprint.Value);
        return document;
    }

    // A document starts with the length of its header, whose upper bytes are zero.
    private static bool IsImage(byte[] bytes) => bytes.Length < sizeof(long) || BitConverter.ToUInt64(bytes) > uint.MaxValue;
}
