using Nvg.Checkpoints;
using Nvg.Data;
using Nvg.Generators;
using Nvg.Granularity;
using Nvg.Tokenizers;
using Nvg.Torch;
using Nvg.Torch.Nn;

namespace Nvg.Training;

/// <summary>Trains both generators on the sequences of a frozen tokenizer (specification, section 8).</summary>
public sealed class GeneratorTraining : ITrainingTask
{
    // Pictures that the canvases' spread is measured on.
    private const int ScaleExamples = 4096, ScaleBatch = 128;

    private readonly GeneratorRunConfig _config;
    private readonly PackedDataset _data;
    private readonly Device _device;
    private readonly NvgModel _tokenizerModel;
    private readonly ModelConfig _modelConfig;
    private readonly SequenceCache _sequences;
    private readonly NvgGenerator _generator;
    private readonly GeneratorLoss _loss;

    /// <param name="config">Settings.</param>
    /// <param name="data">Pictures of the tokenizer's size, with classes; borrowed.</param>
    /// <param name="device">Where.</param>
    /// <param name="folder">Run folder, which keeps the encoded sequences.</param>
    /// <param name="progress">Told the number of encoded pictures while sequences are computed.</param>
    /// <param name="cancellation">Ends the computation of sequences.</param>
    /// <exception cref="NvgDataException">Tokenizer or data cannot be used.</exception>
    public GeneratorTraining(
        GeneratorRunConfig config, PackedDataset data, Device device, string folder, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        (_config, _data, _device) = (config, data, device);
        try
        {
            _tokenizerModel = NvgModel.Load(config.Tokenizer, device, withGenerator: false);
            TokenizerConfig sizes = _tokenizerModel.Config.Tokenizer;
            if (data.Size != sizes.ImageSize)
                throw new NvgDataException($"the data set has pictures of {data.Size} × {data.Size}, the tokenizer takes {sizes.ImageSize}: prepare it with --size {sizes.ImageSize}");
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
            string tokenizer = _tokenizerModel.Fingerprint() + _tokenizerModel.Config.Tokenizer.Structure;
            string settings = NvgJson.Write(config with { Tokenizer = "", Training = config.Training.Identity });
            Fingerprint = TokenizerTraining.FingerprintOf(settings, data, tokenizer);
            _sequences = SequenceCache.Open(
                Path.Combine(folder, "sequences.safetensors"), TokenizerTraining.FingerprintOf($"mirrored={config.Training.Flip}", data, tokenizer),
                _tokenizerModel.Tokenizer, data, config.Training.Flip, device, progress, cancellation);
            _generator = new NvgGenerator(_modelConfig.Generator, ParameterSource.Random(config.Training.Seed, device));
            if (config.Loss.TokenHeadVariance is { } variance)
                _generator.Content.StartTokenHead(_tokenizerModel.Tokenizer.Quantizer.Codebook, variance);
            _loss = new GeneratorLoss(_generator);
            MeasureScaleFactors();
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
    public int ExampleCount => _data.Count;

    /// <inheritdoc/>
    public string Fingerprint { get; }

    /// <inheritdoc/>
    public Tensor Loss(long step, IReadOnlyList<int> examples, Generator random, LossLog log)
    {
        using var scope = new TensorScope();
        using Tensor draws = Tensor.Rand([examples.Count, 2], random);
        float[] u = draws.ToArray<float>();
        bool[] mirror = [.. examples.Select((_, i) => u[2 * i] < 0.5f)];
        long[] classes = [.. examples.Select((e, i) => (long)(u[2 * i + 1] < _config.Loss.NullClassShare ? _generator.Config.NullClass : _data.Label(e)))];
        using GranularitySequence sequence = _sequences.Load(examples, mirror, _device);
        using GeneratorBatch full = GeneratorBatch.From(sequence, _tokenizerModel.Tokenizer.Quantizer, Tensor.From(classes, classes.Length).To(_device), random);
        LatentGrid grid = _generator.Config.Grid;
        (IReadOnlyList<Tensor?>? contentSubset, double contentShare) = Subset(_config.Loss.ContentStages, grid.StageCount, examples.Count, random);
        (IReadOnlyList<Tensor?>? structureSubset, double structureShare) = Subset(_config.Loss.StructureStages, _generator.Config.StructureStageCount, examples.Count, random);
        GeneratorBatch batch = full with
        {
            ContentSubset = contentSubset,
            ContentShare = contentShare,
            StructureSubset = structureSubset,
            StructureShare = structureShare,
        };
        return scope.Keep(_loss.Compute(batch, log, _config.Loss.DropPath ? random : null));
    }

    /// <inheritdoc/>
    public void Export(string folder, IReadOnlyDictionary<string, Tensor> parameters) =>
        NvgModel.Save(folder, _modelConfig, _tokenizerModel.Tokenizer.Parameters, parameters, _data.Classes, ScalarType.BFloat16);

    /// <inheritdoc/>
    public void Dispose()
    {
        // Null after a constructor that failed.
        _generator?.Dispose();
        _sequences?.Dispose();
        _tokenizerModel?.Dispose();
    }

    // Which images take part in which stage: a random subset of the given size per image.
    private (IReadOnlyList<Tensor?>? Images, double Share) Subset(int size, int stageCount, int count, Generator random)
    {
        if (size == 0 || size >= stageCount)
            return (null, 1);
        using Tensor draws = Tensor.Rand([count, stageCount], random);
        float[] u = draws.ToArray<float>();
        var images = Enumerable.Range(0, stageCount).Select(_ => new List<long>()).ToArray();
        for (int b = 0; b < count; b++)
        {
            foreach (int stage in Enumerable.Range(0, stageCount).OrderBy(s => u[b * stageCount + s]).Take(size))
                images[stage].Add(b);
        }

        return ([.. images.Select(list => Tensor.From(list.ToArray(), list.Count).To(_device))], (double)size / stageCount);
    }

    // a_i = 1 / standard deviation of the canvas before stage i; the empty canvas has none and keeps 1.
    private void MeasureScaleFactors()
    {
        using GradMode noGrad = Autograd.NoGrad();
        var statistics = new CanvasStatistics();
        foreach (int[] examples in DataOrder.Spread(_data.Count, ScaleExamples).Chunk(ScaleBatch))
        {
            using GranularitySequence sequence = _sequences.Load(examples, new bool[examples.Length], _device);
            using Tensor canvases_BSLC = _tokenizerModel.Tokenizer.Quantizer.Canvases(sequence);
            statistics.Add(canvases_BSLC);
        }

        float[] factors = [.. statistics.StandardDeviations().Select(deviation => deviation > 0 ? (float)(1 / deviation) : 1)];
        using Tensor measured = Tensor.From(factors, factors.Length);
        _generator.Content.ScaleFactors.CopyFrom(measured);
    }
}
