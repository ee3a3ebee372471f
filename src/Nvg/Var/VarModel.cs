using Nvg.Configuration;
using Nvg.Labels;
using Nvg.Methods;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Var.Sampling;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Var;

/// <summary>
/// A VAR model: tokenizer, transformer, class names and default settings, read from a model folder. Owns tokenizer and transformer.
/// Use it from one thread at a time.
/// </summary>
public sealed partial class VarModel : IImageModel
{
    private readonly Lazy<ClassNames> _classes;
    private readonly VarTransformer? _transformer;

    private VarModel(
        string folder, VarModelConfig config, VarTokenizer tokenizer, VarTransformer? transformer, IReadOnlyList<string> labels)
    {
        (Folder, Config, Tokenizer, _transformer, Labels) = (folder, config, tokenizer, transformer, labels);
        _classes = new Lazy<ClassNames>(() => new ClassNames(labels));
    }

    /// <inheritdoc/>
    public string Folder { get; }

    /// <summary>Sizes and default settings.</summary>
    public VarModelConfig Config { get; }

    /// <inheritdoc/>
    public string Name => Config.Name;

    /// <summary>Encodes images to token maps and decodes canvases to images.</summary>
    public VarTokenizer Tokenizer { get; }

    /// <summary>Predicts token maps.</summary>
    /// <exception cref="NvgDataException">The folder holds only a tokenizer.</exception>
    public VarTransformer Transformer
    {
        get
        {
            RequireGenerator();
            return _transformer!;
        }
    }

    /// <inheritdoc/>
    public bool HasGenerator => _transformer is not null;

    /// <inheritdoc/>
    public int ClassCount => Config.Transformer?.ClassCount ?? 0;

    /// <inheritdoc/>
    public IReadOnlyList<string> Labels { get; }

    /// <inheritdoc/>
    public ClassNames Classes => _classes.Value;

    /// <inheritdoc/>
    public Device Device => Tokenizer.Quantizer.Codebook.Device;

    /// <inheritdoc/>
    IImageTokenizer IImageModel.ImageTokenizer => Tokenizer;

    /// <inheritdoc/>
    ISamplingSettings IImageModel.Settings => Config.Sampling;

    /// <inheritdoc/>
    IReadOnlyDictionary<string, long> IImageModel.ParameterCounts
    {
        get
        {
            var counts = new Dictionary<string, long> { ["tokenizer"] = Tokenizer.Parameters.ParameterCount };
            if (_transformer is not null)
                counts["transformer"] = _transformer.Parameters.ParameterCount;
            return counts;
        }
    }

    /// <inheritdoc/>
    public void RequireGenerator()
    {
        if (_transformer is null)
        {
            throw NvgDataException.At(
                Folder.Length > 0 ? Folder : Config.Name, "holds a tokenizer without transformer: it reconstructs, but does not generate",
                "train one with nvg train var");
        }
    }

    /// <summary>
    /// Generates images on the calling thread. They are returned in the order of the request, each when its batch is finished.
    /// </summary>
    /// <param name="request">The images.</param>
    /// <param name="progress">Receives a report after every scale, or null.</param>
    /// <param name="stages">
    /// Receives the images so far after every scale, which costs one decoder pass per scale; null for no previews.
    /// </param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="ArgumentException">Settings, classes or edits do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; images returned earlier stay valid.</exception>
    public IEnumerable<VarImage> Generate(
        VarGenerationRequest request, IProgress<GenerationProgress>? progress = null, Action<VarStage>? stages = null,
        CancellationToken cancellation = default) => new VarGeneration(this, request, progress, stages).Run(cancellation);

    /// <summary>Samples the token maps of images together, without decoding them.</summary>
    /// <param name="images">The images.</param>
    /// <param name="options">Settings, or null for the model's.</param>
    /// <param name="observer">Called after every scale, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The maps and their final canvas; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">Settings, classes or edits do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SampledMaps Sample(
        IReadOnlyList<VarImageRequest> images, VarSamplingOptions? options = null, Action<ScaleResult>? observer = null,
        CancellationToken cancellation = default)
    {
        Transformer.PackForSampling();
        using TokenNoise noise = TokenNoise.FromSeeds([.. images.Select(p => p.Seed)], Transformer.Scales, Device);
        using TokenEdit? edit = VarGeneration.EditOf(this, images);
        return new VarSampler(Transformer, Tokenizer.Quantizer).Sample(
            [.. images.Select(p => p.Class)], noise, options ?? Config.Sampling, edit, observer, cancellation);
    }

    /// <inheritdoc/>
    GenerationWork IImageModel.WorkOf(ISamplingSettings? settings)
    {
        VarTransformerConfig sizes = Transformer.Config;
        ScaleSequence scales = Transformer.Scales;
        var options = (VarSamplingOptions)(settings ?? Config.Sampling);
        int sequences = Enumerable.Range(0, scales.Count).All(i => options.Guidance.At(i, scales.Last) == 1) ? 1 : 2;
        return Enumerable.Range(0, scales.Count).Select(i => GenerationWork.OfPass(
            sequences, scales.TokenCount(i), scales.Start(i + 1), sizes.Width, sizes.Depth, sizes.MlpRatio)).Aggregate((a, b) => a + b);
    }

    /// <inheritdoc/>
    IEnumerable<IGeneratedImage> IImageModel.Draw(
        DrawRequest request, IProgress<GenerationProgress>? progress, CancellationToken cancellation)
    {
        var own = new VarGenerationRequest
        {
            Images = [.. request.Images.Select(image => new VarImageRequest(image.Class, image.Seed))],
            Options = request.SettingsAs<VarSamplingOptions>(Config.Name),
            BatchSize = request.BatchSize,
            WithStages = request.WithStages,
        };
        return Generate(own, progress, cancellation: cancellation);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Tokenizer.Dispose();
        _transformer?.Dispose();
    }
}
