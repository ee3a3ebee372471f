using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.AI;
using Nvg.Imaging;

namespace Nvg.Extensions.AI;

/// <summary>
/// Generates images with a model, as an <see cref="IImageGenerator"/>. The prompt names a class; docs/serving.md lists the
/// properties and images that control the result. <see cref="GenerateStreamingAsync"/> streams stages; <c>GetService</c> returns
/// this generator through any middleware. Thread-safe. Borrows its model, so disposing the generator has no effect.
/// </summary>
[Experimental("MEAI001")]
public sealed class NvgImageGenerator : IImageGenerator
{
    private const string Provider = "nvg", Png = "image/png", Jpeg = "image/jpeg", WebP = "image/webp";

    private readonly NvgModel _model;
    private readonly RequestTranslator _translator;
    private readonly ImageGeneratorMetadata _metadata;

    /// <param name="model">Borrowed.</param>
    /// <param name="options">Settings, or null for the defaults.</param>
    /// <exception cref="ArgumentException">The settings are invalid.</exception>
    /// <exception cref="NvgDataException">The model has no generators.</exception>
    public NvgImageGenerator(NvgModel model, NvgImageGeneratorOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new NvgImageGeneratorOptions();
        if (options.Validate().FirstOrDefault() is { } problem)
            throw new ArgumentException(problem, nameof(options));
        model.RequireGenerator();
        _model = model;
        _translator = new RequestTranslator(model, new Lazy<string>(model.Fingerprint), options);
        _metadata = new ImageGeneratorMetadata(Provider, null, model.Config.Name);
    }

    /// <summary>Generates images.</summary>
    /// <param name="request">The prompt and the images to start from.</param>
    /// <param name="options">Count, format and properties, or null.</param>
    /// <param name="cancellationToken">Checked before each forward pass.</param>
    /// <returns>
    /// Images as data, each with its seed and class; <c>RawRepresentation</c> is the list of <see cref="GeneratedImage"/>.
    /// </returns>
    /// <exception cref="ArgumentException">The prompt does not name a class, or a property, image or number is invalid.</exception>
    /// <exception cref="NvgDataException">An image or document cannot be used.</exception>
    public async Task<ImageGenerationResponse> GenerateAsync(
        ImageGenerationRequest request, ImageGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        (GenerationRequest translated, string type) = await TranslateAsync(request, options, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<GeneratedImage> images = await _model.GenerateAsync(translated, null, cancellationToken).ConfigureAwait(false);
        return new ImageGenerationResponse([.. images.Select(image => Content(image, type))])
        {
            RawRepresentation = images,
            Usage = new UsageDetails { OutputTokenCount = images.Sum(i => (long)i.DrawnTokens) },
        };
    }

    /// <summary>Generates images and reports every stage with the images so far.</summary>
    /// <param name="request">The prompt and the images to start from.</param>
    /// <param name="options">Count, format and properties, or null.</param>
    /// <param name="cancellationToken">Checked before each forward pass.</param>
    /// <exception cref="ArgumentException">The prompt does not name a class, or a property, image or number is invalid.</exception>
    /// <exception cref="NvgDataException">An image or document cannot be used.</exception>
    public async IAsyncEnumerable<NvgImageUpdate> GenerateStreamingAsync(
        ImageGenerationRequest request, ImageGenerationOptions? options = null,
        [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        (GenerationRequest translated, string type) = await TranslateAsync(request, options, cancellationToken).ConfigureAwait(false);
        await foreach (GenerationUpdate update in _model.StreamAsync(translated, previews: true, cancellationToken).ConfigureAwait(false))
        {
            yield return update switch
            {
                StageCompleted stage => new NvgImageUpdate(
                    stage, stage.Stage, stage.Images, [.. stage.Previews.Select(preview => (AIContent)Encode(preview, type))]),
                ImageCompleted image => new NvgImageUpdate(image, null, [image.Index], [Content(image.Image, type)]),
                _ => throw new InvalidOperationException($"an update of another kind: {update}"),
            };
        }
    }

    /// <summary>Returns this generator, its model, or its metadata; null for any other type or if a key is given.</summary>
    /// <param name="serviceType">The type.</param>
    /// <param name="serviceKey">Null.</param>
    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        return serviceKey is not null ? null
            : serviceType == typeof(ImageGeneratorMetadata) ? _metadata
            : serviceType == typeof(NvgModel) ? _model
            : serviceType.IsInstanceOfType(this) ? this : null;
    }

    /// <summary>Has no effect: the caller owns the model, and middleware disposes the generator that it wraps.</summary>
    public void Dispose()
    {
    }

    // Encoding a reference and reading images take time and must not block the caller's thread.
    private Task<(GenerationRequest Request, string Type)> TranslateAsync(
        ImageGenerationRequest request, ImageGenerationOptions? options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(request);
        string type = options?.MediaType ?? Png;
        if (type is not (Png or Jpeg or WebP))
            throw new ArgumentException($"'{type}' cannot be written: ask for {Png}, {Jpeg} or {WebP}");
        return Task.Run(() => (_translator.Translate(this, request, options), type), cancellation);
    }

    private DataContent Content(GeneratedImage image, string type)
    {
        DataContent content = Encode(image.Image, type);
        content.RawRepresentation = image;
        content.AdditionalProperties = new AdditionalPropertiesDictionary
        {
            ["seed"] = image.Request.Seed,
            ["class"] = image.Label,
            ["model"] = _model.Config.Name,
        };
        return content;
    }

    private static DataContent Encode(RgbImage image, string type) =>
        new(ImageFile.Encode(image, type == Jpeg ? ImageFormat.Jpeg : type == WebP ? ImageFormat.WebP : ImageFormat.Png), type);
}
