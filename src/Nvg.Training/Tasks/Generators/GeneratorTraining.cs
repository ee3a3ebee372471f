using Nvg.Data.Datasets;
using Nvg.Data.Loading;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Imaging;
using Nvg.Sampling;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;
using Nvg.Training.Distributed;
using Nvg.Training.Loop;
using Nvg.Training.Optimization;
using Nvg.Training.Ownership;
using Nvg.Training.Runs;
using Nvg.Training.Tasks.Generators.Intervals;

namespace Nvg.Training.Tasks.Generators;

/// <summary>Trains both generators on the sequences of a frozen tokenizer (docs/method.md, section 8).</summary>
public sealed class GeneratorTraining : ITrainingTask
{
    // Number of images for measuring the spread of the canvases.
    private const int ScaleExamples = 4096, ScaleBatch = 128;
    private const int PreviewImages = 16;

    private readonly GeneratorRunConfig _config;
    private readonly IImageDataset _data;
    private readonly Device _device;
    private readonly TrainingProcesses _processes;
    private readonly OwnedObjects _owned = new();
    private readonly GeneratorRunInputs _inputs;
    private readonly SequenceVariants _variants;
    private readonly SequenceCache _sequences;
    private readonly NvgGenerator _generator;
    private readonly GeneratorLoss _loss;
    private readonly ImageLoader? _images;
    private readonly string[] _learned;
    private readonly IntervalTimes? _intervals;

    /// <param name="config">Settings.</param>
    /// <param name="data">Images of the tokenizer's size, with classes; borrowed.</param>
    /// <param name="device">The training device.</param>
    /// <param name="folder">Run folder, in which the encoded sequences are stored. All processes write to it.</param>
    /// <param name="processes">The processes that train together; borrowed. Null for a single process.</param>
    /// <param name="progress">Receives the number of encoded images while sequences are computed.</param>
    /// <param name="sequences">
    /// A folder of sequences that were encoded elsewhere and are used unchanged; null to store them in the run folder.
    /// </param>
    /// <param name="cancellation">Ends the computation of sequences.</param>
    /// <exception cref="NvgDataException">The tokenizer or the data cannot be used.</exception>
    public GeneratorTraining(
        GeneratorRunConfig config,
        IImageDataset data,
        Device device,
        string folder,
        TrainingProcesses? processes = null,
        IProgress<int>? progress = null,
        string? sequences = null,
        CancellationToken cancellation = default)
    {
        (_config, _data, _device, _processes) = (config, data, device, processes ?? TrainingProcesses.Single);
        using OwnedObjects.Construction construction = _owned.Construct();
        _inputs = _owned.Add(new GeneratorRunInputs(config, data, device));
        using NvgModel? start = config.Start is null ? null : _inputs.LoadStart(config.Start, device);
        Fingerprint = RunIdentity.Of(config, data, _inputs.FingerprintWith(start));
        _variants = SequenceVariants.Of(config.Crops, config.Training);
        var encoding = new SequenceEncoding(_inputs.Tokenizer, data, _variants, device, _processes);
        string key = RunIdentity.Of(_variants.Key, data, _inputs.TokenizerFingerprint);
        _sequences = _owned.Add(
            sequences is null ? encoding.Open(folder, key, progress, cancellation) : encoding.OpenGiven(sequences, key));
        _generator = _owned.Add(new NvgGenerator(_inputs.Model.Generator!, ParameterSource.Random(config.Training.Seed, device)));
        InitializeGenerator(start);
        FeatureProjector? projector = CreateProjector();
        _images = projector is null ? null : _owned.Add(new ImageLoader(data, CropOf, device));
        _learned = [.. _generator.Parameters.TrainableNames.Where(IsLearned)];
        _intervals = config.Loss.Intervals is { } intervals ? new IntervalTimes(intervals, _generator.Config.Grid.Length) : null;
        _loss = new GeneratorLoss(_generator, projector, config.Parts, config.ActivationCheckpoints);
        construction.Complete();
    }

    /// <summary>Number of images, counting all variants, whose sequences a run computes before its first step.</summary>
    /// <param name="config">Settings.</param>
    /// <param name="data">The data set.</param>
    public static long ImagesToEncode(GeneratorRunConfig config, IImageDataset data) =>
        (long)data.Count * SequenceVariants.Of(config.Crops, config.Training).Count;

    /// <inheritdoc/>
    public ParameterStore Parameters => _generator.Parameters;

    /// <inheritdoc/>
    public IReadOnlyList<ParameterGroup> Groups => [new("", _learned)];

    /// <inheritdoc/>
    public int ExampleCount => _data.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public bool IsAveraged(string name) => _generator.Parameters.IsBuffer(name) || (IsLearned(name) && !IsProjector(name));

    /// <inheritdoc/>
    public void Prefetch(long step, IReadOnlyList<int> examples) =>
        _images?.Prefetch(step, _processes.ShareOf(examples.Count).Of(examples));

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, BatchShare share, RandomGenerator random, LossLog log)
    {
        using var scope = new TensorScope();
        int[] own = share.Of(examples);
        // Drawn per step and example, so that they do not depend on the batch or process of an example.
        HostRandom[] decisions = [.. examples.Select(e =>
            new HostRandom(RandomSeed.Of(_config.Training.Seed, step, RandomStream.GeneratorChoices, e)))];
        long[] classes = share.Of([.. examples.Zip(decisions, ClassOrNull)]);
        LatentGrid grid = _generator.Config.Grid;
        var content = StageChoice.Draw(_config.Loss.ContentStages, grid.StageCount, decisions);
        var structure = StageChoice.Draw(_config.Loss.StructureStages, _generator.Config.StructureStageCount, decisions);
        using GranularitySequence sequence = _sequences.Load(own, [.. own.Select(e => Variant(step, e))], _device);
        Tensor class_B = Tensor.From(classes, classes.Length).Send(_device);
        using GeneratorBatch full = GeneratorBatch.From(sequence, _inputs.Tokenizer.Quantizer, class_B, random, share);
        (Tensor Time_BS, Tensor Step_BS)? steps = _intervals?.Place(_config.Training.Seed, step, own, full.Time_BS);
        GeneratorBatch batch = full with
        {
            ContentSubset = content.ImagesOf(share, _device),
            ContentShare = content.Share,
            ContentRows = content.RowsOf(share, _device),
            StructureSubset = structure.ImagesOf(share, _device),
            StructureShare = structure.Share,
            StructureRows = structure.RowsOf(share, _device),
            Time_BS = steps?.Time_BS ?? full.Time_BS,
            Step_BS = steps?.Step_BS,
            Features_BLD = _inputs.Encoder?.PatchFeatures(_images!.Load(step, own), grid.Height, grid.Width),
        };
        return scope.Keep(_loss.Compute(batch, log, _config.Loss.DropPath ? random : null));
    }

    /// <summary>Samples of evenly spread classes, with the sampling settings of the model.</summary>
    /// <inheritdoc/>
    public RgbImage? Preview(IReadOnlyDictionary<string, Tensor> parameters)
    {
        using GradMode noGrad = Autograd.NoGrad();
        using var scope = new TensorScope();
        using var generator = new NvgGenerator(_generator.Config, ParameterSource.From(Complete(parameters), device: _device));
        int[] classes = [.. Enumerable.Range(0, PreviewImages).Select(i => i * _generator.Config.ClassCount / PreviewImages)];
        ulong[] seeds = [.. Enumerable.Range(0, PreviewImages).Select(i => (ulong)i)];
        using ImageNoise noise = ImageNoise.FromSeeds(seeds, _generator.Config.Grid, _device);
        Tokenizer tokenizer = _inputs.Tokenizer;
        using SampledBatch sampled = new NvgSampler(generator, tokenizer.Quantizer).Sample(classes, noise, _config.Sampling);
        RgbImage[] images = ImageTensor.ToImages(tokenizer.Decode(sampled.Canvas_BLC));
        return ImageGrid.Compose(images, enlargement: ImageGrid.ComfortableEnlargement(images[0], images.Length));
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) => NvgModel.Save(
        folder, _inputs.Model, _inputs.Tokenizer.Parameters, Complete(parameters), _data.Classes, ScalarType.BFloat16);

    /// <inheritdoc/>
    public void Dispose() => _owned.Dispose();

    // Averaged weights if there are any, otherwise the current weights: generators that are not trained have no average.
    private Dictionary<string, Tensor> Complete(IReadOnlyDictionary<string, Tensor> averaged) =>
        _generator.Parameters.Where(p => !IsProjector(p.Key)).ToDictionary(p => p.Key, p => averaged.GetValueOrDefault(p.Key, p.Value));

    private long ClassOrNull(int example, HostRandom decision) =>
        decision.Next() < _config.Loss.NullClassShare ? _generator.Config.NullClass : _data.Label(example);

    private int Variant(long step, int example) => _variants.Draw(_config.Training.Seed, step, example);

    private ImageCrop CropOf(long step, int example) => _variants.Crop(example, Variant(step, example));

    private static bool IsProjector(string name) => name.StartsWith(FeatureProjector.Name + ".", StringComparison.Ordinal);

    // All parameter names of the structure generator start with this prefix, and none of the content generator do.
    private bool IsLearned(string name) => _config.Parts switch
    {
        GeneratorParts.Content => !name.StartsWith("structure_", StringComparison.Ordinal),
        GeneratorParts.Structure => name.StartsWith("structure_", StringComparison.Ordinal),
        _ => true,
    };

    private FeatureProjector? CreateProjector()
    {
        if (_inputs.Encoder is not { } encoder || _config.Loss.Alignment is not { } alignment)
            return null;
        ParameterSource initial = ParameterSource.Random(RandomSeed.Of(_config.Training.Seed, 0, RandomStream.ProjectorWeights), _device);
        int width = _inputs.Model.Generator!.ContentWidth;
        return _owned.Add(new FeatureProjector(
            _generator.Parameters, initial, width, alignment.HiddenWidth, encoder.Config.Width, alignment.Block));
    }

    // Starts with random weights, or with the weights of a model, which include its scale factors.
    private void InitializeGenerator(NvgModel? start)
    {
        if (start is not null)
        {
            _generator.Structure.IgnoreNewInputs();
            _generator.Parameters.CopySharedFrom(start.Generator.Parameters);
            return;
        }

        if (_config.Loss.TokenHeadVariance is { } variance)
            _generator.Content.StartTokenHead(_inputs.Tokenizer.Quantizer.Codebook, variance);
        _generator.Structure.IgnoreNewInputs();
        MeasureScaleFactors();
    }

    // a_i = 1 / standard deviation of the canvas before stage i; 1 for the empty canvas, which has none.
    private void MeasureScaleFactors()
    {
        using GradMode noGrad = Autograd.NoGrad();
        var statistics = new CanvasStatistics();
        foreach (int[] examples in DataOrder.Spread(_data.Count, ScaleExamples).Chunk(ScaleBatch))
        {
            using GranularitySequence sequence = _sequences.Load(examples, new int[examples.Length], _device);
            using Tensor canvases_BSLC = _inputs.Tokenizer.Quantizer.Canvases(sequence);
            statistics.Add(canvases_BSLC);
        }

        float[] factors = [.. statistics.StandardDeviations().Select(deviation => deviation > 0 ? (float)(1 / deviation) : 1)];
        using Tensor measured = Tensor.From(factors, factors.Length);
        _generator.Content.ScaleFactors.CopyFrom(measured);
    }
}
