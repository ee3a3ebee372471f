using System.Runtime.CompilerServices;
using Nvg.Checkpoints;
using Nvg.Conditioning;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Labels;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;

namespace Nvg;

/// <summary>
/// A model: tokenizer, generators, class names and default settings, read from a model folder. Generates images with
/// <see cref="GenerateAsync(ImageRequest, CancellationToken)"/> and <see cref="StreamAsync(ImageRequest, bool, CancellationToken)"/>.
/// Thread-safe; requests are computed one at a time. Owns tokenizer and generators. Dispose it after the last use; disposal stops requests
/// that are still running.
/// </summary>
public sealed partial class NvgModel : IImageModel, IAsyncDisposable
{
    private readonly GeneratorWeights? _generators;
    private readonly Lazy<ClassNames> _classes;
    private readonly Lazy<NvgPipeline> _pipeline;

    private NvgModel(string folder, ModelConfig config, Tokenizer tokenizer, GeneratorWeights? generators, IReadOnlyList<string> labels)
    {
        (Folder, Config, Tokenizer, _generators, Labels) = (folder, config, tokenizer, generators, labels);
        _classes = new Lazy<ClassNames>(() => new ClassNames(labels));
        _pipeline = new Lazy<NvgPipeline>(() => new NvgPipeline(this));
        Structure = new StructureBuilder(tokenizer);
    }

    /// <summary>The folder that the model was loaded from; empty for random weights.</summary>
    public string Folder { get; }

    /// <summary>Sizes and default settings.</summary>
    public ModelConfig Config { get; }

    /// <summary>Encodes images to sequences and decodes canvases to images.</summary>
    public Tokenizer Tokenizer { get; }

    /// <summary>Both generators with their weights in stored form, for saving or training.</summary>
    /// <exception cref="NvgDataException">The folder holds only a tokenizer.</exception>
    public NvgGenerator Generator => Generators.Stored;

    /// <summary>Sizes of the generators.</summary>
    /// <exception cref="NvgDataException">The folder holds only a tokenizer.</exception>
    public GeneratorConfig GeneratorConfig => Generators.Config;

    /// <summary>Whether the folder has generators.</summary>
    public bool HasGenerator => _generators is not null;

    /// <summary>Lines of <c>labels.txt</c>, one for each class, as <see cref="ClassLabel"/> reads them.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>The classes by name.</summary>
    public ClassNames Classes => _classes.Value;

    /// <summary>Builds structure maps for this model from drawings, label images, arrays and photographs.</summary>
    public StructureBuilder Structure { get; }

    /// <summary>The latent positions.</summary>
    public LatentGrid Grid => Config.Tokenizer.Grid;

    /// <summary>Device on which images are computed.</summary>
    public Device Device => _generators?.Device ?? Tokenizer.Quantizer.Codebook.Device;

    /// <summary>Whether the products of the generators' blocks are computed in int8.</summary>
    internal bool IsInt8 => _generators is { IsInt8: true };

    /// <summary>The generators in the form used for sampling.</summary>
    /// <exception cref="NvgDataException">The folder holds only a tokenizer.</exception>
    internal PackedGenerator SamplingGenerator => Generators.Packed;

    private GeneratorWeights Generators
    {
        get
        {
            RequireGenerator();
            return _generators!;
        }
    }

    /// <summary>Throws if the model does not have generators.</summary>
    /// <exception cref="NvgDataException">The folder holds only a tokenizer.</exception>
    public void RequireGenerator()
    {
        if (_generators is null)
        {
            throw NvgDataException.At(
                Folder.Length > 0 ? Folder : Config.Name, "holds a tokenizer without generator: it reconstructs, but does not generate",
                "train one with nvg train generator");
        }
    }

    /// <summary>
    /// Reads a model folder without blocking the caller, and sets the number of threads of the process according to
    /// <paramref name="options"/>.
    /// </summary>
    /// <param name="folder">A model folder.</param>
    /// <param name="options">Device, precision and number of threads, or null for the defaults of the <c>nvg</c> command.</param>
    /// <param name="cancellation">Checked before loading begins.</param>
    /// <exception cref="NvgDataException">The folder or one of its files is missing, damaged or does not fit the config.</exception>
    /// <exception cref="TorchLoadException">The native library cannot be loaded.</exception>
    public static Task<NvgModel> LoadAsync(string folder, NvgModelOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new NvgModelOptions();
        return Task.Run(
            () =>
            {
                TorchRuntime.Load();
                if (options.Threads is { } threads)
                    TorchRuntime.ThreadCount = threads;
                return Load(folder, options.Device, options.Type);
            },
            cancellation);
    }

    /// <summary>Generates one image.</summary>
    /// <param name="class">Name or number of its class.</param>
    /// <param name="seed">A different seed gives a different image.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="ClassNameException">The model has no class with this name.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public Task<GeneratedImage> GenerateAsync(ImageClass @class, ulong seed = 0, CancellationToken cancellation = default) =>
        GenerateAsync(new ImageRequest(@class, seed), cancellation);

    /// <summary>Generates one image.</summary>
    /// <param name="image">The request.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="ClassNameException">The model has no class with this name.</exception>
    /// <exception cref="ArgumentException">Settings, class or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Task<GeneratedImage> GenerateAsync(ImageRequest image, CancellationToken cancellation = default) =>
        _pipeline.Value.GenerateAsync(image, cancellation);

    /// <summary>Generates several images.</summary>
    /// <param name="request">The images.</param>
    /// <param name="progress">Receives a report after every stage, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The images in the order of the request.</returns>
    /// <exception cref="ClassNameException">The model has no class with one of the names.</exception>
    /// <exception cref="ArgumentException">Settings, classes or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public Task<IReadOnlyList<GeneratedImage>> GenerateAsync(
        GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellation = default) =>
        _pipeline.Value.GenerateAsync(request, progress, cancellation);

    /// <summary>Generates one image and reports every stage as it is finished.</summary>
    /// <param name="image">The request.</param>
    /// <param name="previews">Whether each stage includes the image so far, which costs one decoder pass per stage.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>A <see cref="StageCompleted"/> for each stage, then an <see cref="ImageCompleted"/>.</returns>
    /// <exception cref="ClassNameException">The model has no class with this name.</exception>
    /// <exception cref="ArgumentException">Settings, class or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed.</exception>
    public IAsyncEnumerable<GenerationUpdate> StreamAsync(
        ImageRequest image, bool previews = false, CancellationToken cancellation = default) =>
        StreamAsync(new GenerationRequest { Images = [image] }, previews, cancellation);

    /// <summary>Generates several images and reports every stage and image as it is finished.</summary>
    /// <param name="request">The images.</param>
    /// <param name="previews">Whether each stage includes the images so far, which costs one decoder pass per stage.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>
    /// Updates in order of occurrence. Images whose settings differ from the first image's are computed after that group.
    /// </returns>
    /// <exception cref="ClassNameException">The model has no class with one of the names.</exception>
    /// <exception cref="ArgumentException">Settings, classes or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; images returned earlier stay valid.</exception>
    /// <exception cref="ObjectDisposedException">The model was disposed, before or while it ran.</exception>
    public async IAsyncEnumerable<GenerationUpdate> StreamAsync(
        GenerationRequest request, bool previews = false, [EnumeratorCancellation] CancellationToken cancellation = default)
    {
        await foreach (GenerationUpdate update in _pipeline.Value.RunAsync(request, previews, cancellation).ConfigureAwait(false))
            yield return update;
    }

    /// <summary>
    /// Generates images on the calling thread. They are returned in the order of the request, each when its batch is finished.
    /// </summary>
    /// <param name="request">The images.</param>
    /// <param name="progress">Receives a report after every stage, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <exception cref="ClassNameException">The model has no class with one of the names.</exception>
    /// <exception cref="ArgumentException">Settings, classes or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled; images returned earlier stay valid.</exception>
    public IEnumerable<GeneratedImage> Generate(
        GenerationRequest request, IProgress<GenerationProgress>? progress = null, CancellationToken cancellation = default) =>
        ImageGeneration.Run(this, request, progress, cancellation: cancellation);

    /// <summary>Samples the sequences of images together on the calling thread, without decoding them.</summary>
    /// <param name="images">The images; their own settings are ignored.</param>
    /// <param name="options">Settings, or null for the model's.</param>
    /// <param name="observer">Called after every stage, or null.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    /// <returns>The sequences and their final canvas; the caller disposes them.</returns>
    /// <exception cref="ClassNameException">The model has no class with one of the names.</exception>
    /// <exception cref="ArgumentException">Settings, classes or given parts do not fit the model.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public SampledBatch Sample(
        IReadOnlyList<ImageRequest> images, SamplingOptions? options = null, Action<StageResult>? observer = null,
        CancellationToken cancellation = default)
    {
        int[] classes = [.. images.Select(p => NumberOf(p.Class))];
        PartialSequence?[] given = [.. images.Select(p => p.AllGiven)];
        using ImageNoise noise = ImageNoise.Interpolate(
            [.. images.Select(p => p.Seed)], [.. images.Select(p => p.NoiseTarget)], Grid, Device);
        using var scope = new TensorScope();
        ClassBlend? blend = Blend(images, classes);
        PartialSequence[]? sequences = Array.Exists(given, g => g is { IsEmpty: false })
            ? Array.ConvertAll(given, g => g ?? PartialSequence.Empty(Grid))
            : null;
        return new NvgSampler(SamplingGenerator, Tokenizer.Quantizer) { Decode = Tokenizer.Decode }.Sample(
            [.. images.Select((p, i) => p.StartClass(classes[i]))], noise, options ?? Config.Sampling, sequences, observer, blend,
            cancellation);
    }

    /// <summary>Generates images together and discards them, to measure the cost.</summary>
    /// <param name="images">The images; their own settings are ignored.</param>
    /// <param name="options">Settings, or null for the model's.</param>
    /// <param name="cancellation">Checked before each forward pass.</param>
    internal void GenerateAndDiscard(
        IReadOnlyList<ImageRequest> images, SamplingOptions? options = null, CancellationToken cancellation = default)
    {
        using SampledBatch sampled = Sample(images, options, cancellation: cancellation);
        Tokenizer.Decode(sampled.Canvas_BLC).Dispose();
    }

    /// <summary>Stops running requests, waits for them (at most for one forward pass) and frees the model.</summary>
    public void Dispose()
    {
        if (_pipeline.IsValueCreated)
            _pipeline.Value.Dispose();
        Free();
    }

    /// <summary>Stops running requests, waits for them without blocking the caller, and frees the model.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_pipeline.IsValueCreated)
            await _pipeline.Value.DisposeAsync().ConfigureAwait(false);
        Free();
    }

    /// <summary>
    /// Whether sequences mean the same to another model with generators: latent grid, codebook and number of classes are equal.
    /// </summary>
    internal bool SharesSequencesWith(NvgModel other) => Grid == other.Grid
        && GeneratorConfig.ClassCount == other.GeneratorConfig.ClassCount && Tokenizer.Quantizer.HasSameCodes(other.Tokenizer.Quantizer);

    /// <summary>The number of a class.</summary>
    /// <exception cref="ClassNameException">The model has no class with this name.</exception>
    internal int NumberOf(ImageClass @class) => @class.Number ?? Classes.Find(@class.Name!);

    /// <summary>The name of a class; empty for the null class.</summary>
    internal string LabelOf(int @class) => @class < Classes.Classes.Count ? Classes.Classes[@class].Name : "";

    private void Free()
    {
        Tokenizer.Dispose();
        _generators?.Dispose();
    }

    private ClassBlend? Blend(IReadOnlyList<ImageRequest> images, int[] classes)
    {
        (int Class, double Share)[] targets = [.. images.Select((p, i) => p.ClassTarget(classes[i]))];
        if (Array.TrueForAll(targets, t => t.Share == 0))
            return null;
        int nullClass = GeneratorConfig.NullClass;
        if (Array.FindIndex(targets, t => t.Class < 0 || t.Class > nullClass) is var wrong and >= 0)
            throw new ArgumentException($"classes must be in 0…{nullClass}, not {targets[wrong].Class}");
        using var scope = new TensorScope();
        return new ClassBlend(
            scope.Keep(Tensor.From(Array.ConvertAll(targets, t => (long)t.Class), targets.Length).To(Device)),
            scope.Keep(Tensor.From(Array.ConvertAll(targets, t => (float)t.Share), targets.Length).To(Device)));
    }
}
