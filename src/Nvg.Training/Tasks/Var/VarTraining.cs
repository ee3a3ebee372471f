using Nvg.Data.Datasets;
using Nvg.Imaging;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Ownership;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Generators;
using Nvg.Var;
using Nvg.Var.Sampling;
using Nvg.Var.Tokenizers;
using Nvg.Var.Transformers;

namespace Nvg.Training.Tasks.Var;

/// <summary>Trains VAR's transformer on the token maps of a frozen tokenizer.</summary>
public sealed class VarTraining : ITrainingTask
{
    private const int PreviewImages = 16;

    private static readonly Operator BernoulliOp = new("aten::bernoulli_", "float");

    private readonly VarRunConfig _config;
    private readonly IImageDataset _data;
    private readonly Device _device;
    private readonly OwnedObjects _owned = new();
    private readonly VarModel _tokenizer;
    private readonly VarModelConfig _model;
    private readonly SequenceVariants _variants;
    private readonly EncodedRows _rows;
    private readonly VarTransformer _transformer;
    private readonly VarLoss _loss;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the tokenizer's size, with classes; borrowed.</param>
    /// <param name="device">The training device.</param>
    /// <param name="folder">Run folder, in which the encoded token maps are stored. All processes write to it.</param>
    /// <param name="processes">The processes that train together; borrowed. Null for a single process.</param>
    /// <param name="progress">Receives the number of encoded images while token maps are computed.</param>
    /// <param name="sequences">
    /// A folder of token maps that were encoded elsewhere and are used unchanged; null to store them in the run folder.
    /// </param>
    /// <param name="cancellation">Ends the computation of token maps.</param>
    /// <exception cref="NvgDataException">The tokenizer or the data cannot be used.</exception>
    public VarTraining(
        VarRunConfig config, IImageDataset data, Device device, string folder, TrainingProcesses? processes = null,
        IProgress<int>? progress = null, string? sequences = null, CancellationToken cancellation = default)
    {
        (_config, _data, _device) = (config, data, device);
        using OwnedObjects.Construction construction = _owned.Construct();
        _tokenizer = _owned.Add(VarModel.Load(config.Tokenizer, device, withGenerator: false));
        DataRequirements.RequireSize(data, _tokenizer.Tokenizer.Config.ImageSize, "tokenizer");
        _model = ModelOf(config, _tokenizer.Config.Tokenizer, data.Classes.Count);
        if (_model.Validate().ToList() is { Count: > 0 } problems)
            throw new NvgDataException($"settings of the run: {string.Join("; ", problems)}");
        string tokenizer = _tokenizer.Fingerprint();
        Fingerprint = RunIdentity.Of(config, data, tokenizer);
        _variants = SequenceVariants.Of(config.Crops, config.Training);
        var encoder = new TokenMapEncoder(_tokenizer.Tokenizer);
        var encoding = new RowEncoding(encoder, data, _variants.Count, _variants.Crop, device, processes ?? TrainingProcesses.Single);
        string key = RunIdentity.Of(_variants.Key, data, tokenizer);
        _rows = _owned.Add(
            sequences is null ? encoding.Open(folder, key, progress, cancellation) : encoding.OpenGiven(sequences, key));
        _transformer = _owned.Add(new VarTransformer(_model.Transformer!, ParameterSource.Random(config.Training.Seed, device)));
        _transformer.StartGates(config.Loss.GateFactor);
        _loss = new VarLoss(_transformer, config.Loss.LabelSmoothing);
        construction.Complete();
    }

    /// <summary>Number of images, counting all variants, whose token maps a run computes before its first step.</summary>
    /// <param name="config">Settings.</param>
    /// <param name="data">The data set.</param>
    public static long ImagesToEncode(VarRunConfig config, IImageDataset data) =>
        (long)data.Count * SequenceVariants.Of(config.Crops, config.Training).Count;

    /// <inheritdoc/>
    public ParameterStore Parameters => _transformer.Parameters;

    /// <inheritdoc/>
    public IReadOnlyList<ParameterGroup> Groups =>
        [new("", [.. Parameters.TrainableNames]) { NotDecayed = VarDecay.NotDecayed(Parameters) }];

    /// <inheritdoc/>
    public int ExampleCount => _data.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        int[] own = share.Of(examples);
        long[] classes = [.. own.Select(e => ClassOrNull(step, e))];
        Tensor class_B = Tensor.From(classes, classes.Length).Send(_device);
        int[] variants = [.. own.Select(e => _variants.Draw(_config.Training.Seed, step, e))];
        using TokenMaps tokens = TokenMaps.FromFlat(
            _transformer.Scales, _rows.Load(TokenMapEncoder.TokensName, own, variants, _device));
        Tensor input_BTC = InputOf(tokens);
        return scope.Keep(_loss.Compute(class_B, tokens, input_BTC, log, Drop(share, random)));
    }

    /// <summary>Samples of evenly spread classes, with the sampling settings of the model.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var transformer = new VarTransformer(_model.Transformer!, ParameterSource.From(parameters, device: _device));
        int classCount = _model.Transformer!.ClassCount;
        int[] classes = [.. Enumerable.Range(0, PreviewImages).Select(i => i * classCount / PreviewImages)];
        using TokenNoise noise = TokenNoise.FromSeeds(
            [.. Enumerable.Range(0, PreviewImages).Select(i => (ulong)i)], transformer.Scales, _device);
        using SampledMaps sampled =
            new VarSampler(transformer, _tokenizer.Tokenizer.Quantizer).Sample(classes, noise, _config.Sampling);
        RgbImage[] images = ImageTensor.ToImages(_tokenizer.Tokenizer.Decode(sampled.Canvas_BCHW));
        return ImageGrid.Compose(images, enlargement: ImageGrid.ComfortableEnlargement(images[0], images.Length));
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) => VarModel.Save(
        folder, _model, _tokenizer.Tokenizer.Parameters, parameters, _data.Classes, ScalarType.BFloat16);

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    private static VarModelConfig ModelOf(VarRunConfig config, VarTokenizerConfig tokenizer, int classCount) => new()
    {
        Name = config.Name,
        Tokenizer = tokenizer,
        Transformer = new VarTransformerConfig
        {
            Scales = tokenizer.Scales,
            LatentChannels = tokenizer.LatentChannels,
            CodebookSize = tokenizer.CodebookSize,
            ClassCount = classCount,
            Depth = config.Depth,
            HeadCount = config.HeadCount,
            SharedModulation = config.SharedModulation,
        },
        Sampling = config.Sampling,
    };

    private Tensor InputOf(TokenMaps tokens)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using Autocast fullPrecision = Autograd.Autocast(_device, ScalarType.Float32);
        return _tokenizer.Tokenizer.Quantizer.TransformerInput(tokens);
    }

    // Drawn per step and example, so that it does not depend on the batch or process of an example.
    private long ClassOrNull(long step, int example)
    {
        var random = new HostRandom(RandomSeed.Of(_config.Training.Seed, step, RandomStream.GeneratorChoices, example));
        return random.Next() < _config.Loss.NullClassShare ? _model.Transformer!.NullClass : _data.Label(example);
    }

    // Drawn for the whole batch, so that the choice does not depend on how the batch is divided.
    private DropPath? Drop(BatchShare share, RandomGenerator random) => !_config.Loss.DropPath ? null : new DropPath(
        DropPath.RateOf(_config.Depth), keepRate =>
        {
            using var scope = new TensorScope();
            Tensor keep_B = Tensor.Empty([share.Total], device: _device);
            BernoulliOp.Run(keep_B, keepRate, random);
            return scope.Keep(share.Of(keep_B));
        });
}
