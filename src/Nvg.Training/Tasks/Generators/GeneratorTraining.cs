using Nvg.Checkpoints;
using Nvg.Configuration;
using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Pretrained;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Tasks.Tokenizers;

namespace Nvg.Training.Tasks.Generators;

/// <summary>Trains both generators on the sequences of a frozen tokenizer (docs/method.md, section 8).</summary>
public sealed class GeneratorTraining : ITrainingTask
{
    // Images that the canvases' spread is measured on.
    private const int ScaleExamples = 4096, ScaleBatch = 128;
    private const int PreviewImages = 16;

    private readonly GeneratorRunConfig _config;
    private readonly IImageDataset _data;
    private readonly Device _device;
    private readonly NvgModel _tokenizerModel;
    private readonly ModelConfig _modelConfig;
    private readonly SequenceVariants _variants;
    private readonly SequenceCache _sequences;
    private readonly NvgGenerator _generator;
    private readonly GeneratorLoss _loss;
    private readonly TrainingProcesses _processes;
    private readonly ImageLoader? _images;
    private readonly VisionTransformer? _encoder;
    private readonly FeatureProjector? _projector;
    private readonly string[] _learned;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the tokenizer's size, with classes; borrowed.</param>
    /// <param name="device">Where.</param>
    /// <param name="folder">Run folder, which keeps the encoded sequences; several processes all write to it.</param>
    /// <param name="processes">Those that train together; borrowed. Null for this one alone.</param>
    /// <param name="progress">Told the number of encoded images while sequences are computed.</param>
    /// <param name="cancellation">Ends the computation of sequences.</param>
    /// <exception cref="NvgDataException">Tokenizer or data cannot be used.</exception>
    public GeneratorTraining(
        GeneratorRunConfig config, IImageDataset data, Device device, string folder, TrainingProcesses? processes = null, IProgress<int>? progress = null,
        CancellationToken cancellation = default)
    {
        (_config, _data, _device, _processes) = (config, data, device, processes ?? TrainingProcesses.Single);
        try
        {
            _tokenizerModel = NvgModel.Load(config.Tokenizer, device, withGenerator: false);
            TokenizerConfig sizes = _tokenizerModel.Config.Tokenizer;
            if (data.Size != sizes.ImageSize)
                throw new NvgDataException($"the data set has images of {data.Size} × {data.Size}, the tokenizer takes {sizes.ImageSize}: prepare it with --size {sizes.ImageSize}");
            _modelConfig = new ModelConfig
            {
                Name = config.Name,
                Tokenizer = sizes,
                Generator = new GeneratorConfig
                {
                    LatentHeight = sizes.Grid.Height,
                    LatentWidth = sizes.Grid.Width,
                    LatentChannels = sizes.LatentChannels,
                    CodebookSize = sizes.CodebookSize,
                    ClassCount = data.Classes.Count,
                    Depth = config.Depth,
                },
                Sampling = config.Sampling,
            };
            // Now, and not when the model has been trained.
            if (_modelConfig.Validate().Union(config.Sampling.Validate(sizes.Grid.LastStage)).ToList() is { Count: > 0 } problems)
                throw new NvgDataException($"settings of the run: {string.Join("; ", problems)}");
            if (config.Loss.Alignment is { } alignment)
                _encoder = VisionTransformer.Load(alignment.Weights, device);
            using NvgModel? start = config.Start is null ? null : LoadStart(config.Start);
            // Models and weights count by what is in them, not by where they lie.
            string tokenizer = _tokenizerModel.Fingerprint() + _tokenizerModel.Config.Tokenizer.Structure;
            string settings = NvgJson.Write(config with
            {
                Tokenizer = "",
                Start = null,
                Loss = config.Loss with { Alignment = config.Loss.Alignment is { } a ? a with { Weights = "" } : null },
                Training = config.Training.Identity,
            });
            Fingerprint = TokenizerTraining.FingerprintOf(settings, data, $"{tokenizer}{start?.Fingerprint()}{_encoder?.Fingerprint}");
            _variants = new SequenceVariants(config.Crops ?? 1, config.Training.Flip, config.Training.Seed);
            var encoding = new SequenceEncoding(_tokenizerModel.Tokenizer, data, _variants, device, _processes);
            _sequences = encoding.Open(folder, TokenizerTraining.FingerprintOf(_variants.Key, data, tokenizer), progress, cancellation);
            _generator = new NvgGenerator(_modelConfig.Generator, ParameterSource.Random(config.Training.Seed, device));
            Start(start);
            if (_encoder is not null)
            {
                _projector = new FeatureProjector(
                    _generator.Parameters, ParameterSource.Random(DataOrder.Mix(config.Training.Seed, 0, purpose: 7), device),
                    _modelConfig.Generator.ContentWidth, config.Loss.Alignment!.HiddenWidth, _encoder.Config.Width, config.Loss.Alignment.Block);
                _images = new ImageLoader(data, (step, example) => _variants.Crop(example, Variant(step, example)), device);
            }

            _learned = [.. _generator.Parameters.TrainableNames.Where(IsLearned)];
            _loss = new GeneratorLoss(_generator, _projector, config.Parts, config.ActivationCheckpoints);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public ParameterStore Parameters => _generator.Parameters;

    /// <inheritdoc/>
    public IReadOnlyList<ParameterGroup> Groups => [new("", _learned)];

    /// <inheritdoc/>
    public int ExampleCount => _data.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public bool IsAveraged(string name) => _generator.Parameters.IsBuffer(name) || IsLearned(name) && !IsProjector(name);

    /// <inheritdoc/>
    public void Prefetch(long step, IReadOnlyList<int> examples) => _images?.Prefetch(step, _processes.ShareOf(examples.Count).Of(examples));

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        int[] own = share.Of(examples);
        // Decisions of the host: per step and example, so that they do not depend on the batch or process around an example.
        HostRandom[] decisions = [.. examples.Select(e => new HostRandom(DataOrder.Mix(DataOrder.Mix(_config.Training.Seed, step, purpose: 4), e)))];
        long[] classes = share.Of([.. examples.Zip(decisions, (e, d) => (long)(d.Next() < _config.Loss.NullClassShare ? _generator.Config.NullClass : _data.Label(e)))]);
        LatentGrid grid = _generator.Config.Grid;
        var content = StageChoice.Draw(_config.Loss.ContentStages, grid.StageCount, decisions);
        var structure = StageChoice.Draw(_config.Loss.StructureStages, _generator.Config.StructureStageCount, decisions);
        using GranularitySequence sequence = _sequences.Load(own, [.. own.Select(e => Variant(step, e))], _device);
        using GeneratorBatch full = GeneratorBatch.From(sequence, _tokenizerModel.Tokenizer.Quantizer, Tensor.From(classes, classes.Length).Send(_device), random, share);
        GeneratorBatch batch = full with
        {
            ContentSubset = content.ImagesOf(share, _device),
            ContentShare = content.Share,
            ContentRows = content.RowsOf(share, _device),
            StructureSubset = structure.ImagesOf(share, _device),
            StructureShare = structure.Share,
            StructureRows = structure.RowsOf(share, _device),
            Features_BLD = _encoder?.PatchFeatures(_images!.Load(step, own), grid.Height, grid.Width),
        };
        return scope.Keep(_loss.Compute(batch, log, _config.Loss.DropPath ? random : null));
    }

    /// <summary>Samples of classes spread over all, with the settings that the model will generate with.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(_generator.Config, ParameterSource.From(Complete(parameters), device: _device));
        int[] classes = [.. Enumerable.Range(0, PreviewImages).Select(i => i * _generator.Config.ClassCount / PreviewImages)];
        using ImageNoise noise = ImageNoise.FromSeeds([.. Enumerable.Range(0, PreviewImages).Select(i => (ulong)i)], _generator.Config.Grid, _device);
        Tokenizer tokenizer = _tokenizerModel.Tokenizer;
        using SampledBatch sampled = new NvgSampler(generator, tokenizer.Quantizer).Sample(classes, noise, _config.Sampling);
        RgbImage[] images = ImageTensor.ToImages(tokenizer.Decode(sampled.Canvas_BLC));
        return ImageGrid.Compose(images, enlargement: ImageGrid.ComfortableEnlargement(images[0], images.Length));
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) => NvgModel.Save(
        folder, _modelConfig, _tokenizerModel.Tokenizer.Parameters, Complete(parameters), _data.Classes, ScalarType.BFloat16);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Null after a constructor that failed.
        _images?.Dispose();
        _encoder?.Dispose();
        _projector?.Dispose();
        _generator?.Dispose();
        _sequences?.Dispose();
        _tokenizerModel?.Dispose();
    }

    // What is learned as given, the rest as it is: a part that stands still has no average.
    private Dictionary<string, Tensor> Complete(IReadOnlyDictionary<string, Tensor> averaged) =>
        _generator.Parameters.Where(p => !IsProjector(p.Key)).ToDictionary(p => p.Key, p => averaged.GetValueOrDefault(p.Key, p.Value));

    private int Variant(long step, int example) => _variants.Draw(_config.Training.Seed, step, example);

    private static bool IsProjector(string name) => name.StartsWith(FeatureProjector.Name + ".", StringComparison.Ordinal);

    // All names of the structure generator begin so, and none of the content generator.
    private bool IsLearned(string name) => _config.Parts switch
    {
        GeneratorParts.Content => !name.StartsWith("structure_", StringComparison.Ordinal),
        GeneratorParts.Structure => name.StartsWith("structure_", StringComparison.Ordinal),
        _ => true,
    };

    private NvgModel LoadStart(string folder)
    {
        NvgModel start = NvgModel.Load(folder, _device);
        if (start.HasGenerator && start.Config.Generator == _modelConfig.Generator && start.Tokenizer.Quantizer.Codebook.ToArray<float>().AsSpan().SequenceEqual(_tokenizerModel.Tokenizer.Quantizer.Codebook.ToArray<float>()))
            return start;
        start.Dispose();
        throw new NvgDataException($"{folder}: the run cannot start with this model: its generators have other sizes or belong to another tokenizer");
    }

    // With random weights, or with those of a model, whose scale factors are part of what it learned.
    private void Start(NvgModel? model)
    {
        if (model is not null)
        {
            _generator.Parameters.CopyFrom(model.Generator.Parameters);
            return;
        }

        if (_config.Loss.TokenHeadVariance is { } variance)
            _generator.Content.StartTokenHead(_tokenizerModel.Tokenizer.Quantizer.Codebook, variance);
        MeasureScaleFactors();
    }

    // a_i = 1 / standard deviation of the canvas before stage i; the empty canvas has none and keeps 1.
    private void MeasureScaleFactors()
    {
        using GradMode noGrad = Autograd.NoGrad();
        var statistics = new CanvasStatistics();
        foreach (int[] examples in DataOrder.Spread(_data.Count, ScaleExamples).Chunk(ScaleBatch))
        {
            using GranularitySequence sequence = _sequences.Load(examples, new int[examples.Length], _device);
            using Tensor canvases_BSLC = _tokenizerModel.Tokenizer.Quantizer.Canvases(sequence);
            statistics.Add(canvases_BSLC);
        }

        float[] factors = [.. statistics.StandardDeviations().Select(deviation => deviation > 0 ? (float)(1 / deviation) : 1)];
        using Tensor measured = Tensor.From(factors, factors.Length);
        _generator.Content.ScaleFactors.CopyFrom(measured);
    }
}
